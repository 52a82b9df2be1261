// Persistent sodium current of the mammalian node (Richardson et al. 2000): i_na = g_bar p^3 (v -
// e_na).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct NapRichardson {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.005}};
    static constexpr std::array gates{GateInfo{"p", 3, 2.2}};
    static constexpr MechanismInfo info{
        .name = "nap_richardson",
        .summary = "persistent sodium channel of the mammalian node, before MRG",
        .ion = "na",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 20.0,
        .citation = "Richardson, McIntyre & Grill 2000, doi:10.1007/BF02345014",
    };

    template <class Value>
    static std::array<Rate<Value>, 1> rates(const Value& v_mV) {
        return {{{0.186 * 10.3 * exprelr(-(v_mV + 48.4) / 10.3),
                  0.0086 * 9.16 * exprelr((v_mV + 42.7) / 9.16)}}};
    }
};

RANVIER_REGISTER_CHANNEL(NapRichardson);

}  // namespace
}  // namespace ranvier
