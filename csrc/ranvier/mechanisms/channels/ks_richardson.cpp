// Slow potassium current of the mammalian node (Richardson et al. 2000): i_k = g_bar s (v - e_k).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct KsRichardson {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.08}};
    static constexpr std::array gates{GateInfo{"s", 1, 3.0}};
    static constexpr MechanismInfo info{
        .name = "ks_richardson",
        .summary = "slow potassium channel of the mammalian node, before MRG",
        .ion = "k",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 20.0,
        .citation = "Richardson, McIntyre & Grill 2000, doi:10.1007/BF02345014",
    };

    template <class Value>
    static std::array<Rate<Value>, 1> rates(const Value& v_mV) {
        return {{{0.00122 * 23.6 * exprelr(-(v_mV + 19.5) / 23.6),
                  0.000739 * 21.8 * exprelr((v_mV + 87.1) / 21.8)}}};
    }
};

RANVIER_REGISTER_CHANNEL(KsRichardson);

}  // namespace
}  // namespace ranvier
