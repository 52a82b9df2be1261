// Fast sodium current of the mammalian node (MRG): i_na = g_bar m^3 h (v - e_na).
//
// The offset 21.4 mV of alpha_m is the authors' own code (ModelDB 3810) and agrees with the set of
// constants it was shifted from (Schwarz, Reid & Bostock 1995); the printed paper has 20.4, which
// slows a 10 um fibre by 4 %.

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct NaMRG {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 3.0}};
    static constexpr std::array gates{GateInfo{"m", 3, 2.2}, GateInfo{"h", 1, 2.9}};
    static constexpr MechanismInfo info{
        .name = "na_mrg",
        .summary = "fast sodium channel of the mammalian node of Ranvier",
        .ion = "na",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 20.0,
        .citation = "McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001",
    };

    template <class Value>
    static std::array<Rate<Value>, 2> rates(const Value& v_mV) {
        return {{
            {1.86 * 10.3 * exprelr(-(v_mV + 21.4) / 10.3),
             0.086 * 9.16 * exprelr((v_mV + 25.7) / 9.16)},
            {0.062 * 11.0 * exprelr((v_mV + 114.0) / 11.0),
             2.3 / (1.0 + exp(-(v_mV + 31.8) / 13.4))},
        }};
    }
};

RANVIER_REGISTER_CHANNEL(NaMRG);

}  // namespace
}  // namespace ranvier
