// Fast sodium current of the mammalian node (Richardson et al. 2000): i_na = g_bar m^3 h (v -
// e_na).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct NaRichardson {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 3.0}};
    static constexpr std::array gates{GateInfo{"m", 3, 2.2}, GateInfo{"h", 1, 2.9}};
    static constexpr MechanismInfo info{
        .name = "na_richardson",
        .summary = "fast sodium channel of the mammalian node, before MRG",
        .ion = "na",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 20.0,
        .citation = "Richardson, McIntyre & Grill 2000, doi:10.1007/BF02345014",
    };

    template <class Value>
    static std::array<Rate<Value>, 2> rates(const Value& v_mV) {
        return {{
            {1.86 * 10.3 * exprelr(-(v_mV + 25.4) / 10.3),
             0.086 * 9.16 * exprelr((v_mV + 29.7) / 9.16)},
            {0.0336 * 11.0 * exprelr((v_mV + 118.0) / 11.0),
             2.3 / (1.0 + exp(-(v_mV + 35.8) / 13.4))},
        }};
    }
};

RANVIER_REGISTER_CHANNEL(NaRichardson);

}  // namespace
}  // namespace ranvier
