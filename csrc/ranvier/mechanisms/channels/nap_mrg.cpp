// Persistent sodium current of the mammalian node (MRG): i_na = g_bar m^3 (v - e_na).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct NapMRG {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.01}};
    static constexpr std::array gates{GateInfo{"m", 3, 2.2}};
    static constexpr MechanismInfo info{
        .name = "nap_mrg",
        .summary = "persistent sodium channel of the mammalian node of Ranvier",
        .ion = "na",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 20.0,
        .citation = "McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001",
    };

    template <class Value>
    static std::array<Rate<Value>, 1> rates(const Value& v_mV) {
        return {{{0.01 * 10.2 * exprelr(-(v_mV + 27.0) / 10.2),
                  0.00025 * 10.0 * exprelr((v_mV + 34.0) / 10.0)}}};
    }
};

RANVIER_REGISTER_CHANNEL(NapMRG);

}  // namespace
}  // namespace ranvier
