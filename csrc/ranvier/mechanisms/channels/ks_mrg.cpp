// Slow potassium current of the mammalian node (MRG): i_k = g_bar s (v - e_k).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct KsMRG {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.08}};
    static constexpr std::array gates{GateInfo{"s", 1, 3.0}};
    static constexpr MechanismInfo info{
        .name = "ks_mrg",
        .summary = "slow potassium channel of the mammalian node of Ranvier",
        .ion = "k",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 36.0,
        .citation = "McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001",
    };

    template <class Value>
    static std::array<Rate<Value>, 1> rates(const Value& v_mV) {
        return {{{0.3 / (1.0 + exp(-(v_mV + 53.0) / 5.0)), 0.03 / (1.0 + exp(-(v_mV + 90.0)))}}};
    }
};

RANVIER_REGISTER_CHANNEL(KsMRG);

}  // namespace
}  // namespace ranvier
