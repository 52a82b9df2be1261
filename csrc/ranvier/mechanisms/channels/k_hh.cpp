// Delayed-rectifier potassium current of the squid giant axon: i_k = g_bar n^4 (v - e_k).

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct KHH {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.036}};
    static constexpr std::array gates{GateInfo{"n", 4, 3.0}};
    static constexpr MechanismInfo info{
        .name = "k_hh",
        .summary = "delayed-rectifier potassium channel of the squid giant axon",
        .ion = "k",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 6.3,
        .citation = "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
    };

    template <class Value>
    static std::array<Rate<Value>, 1> rates(const Value& v_mV) {
        return {{{0.1 * exprelr(-(v_mV + 55.0) / 10.0), 0.125 * exp(-(v_mV + 65.0) / 80.0)}}};
    }
};

RANVIER_REGISTER_CHANNEL(KHH);

}  // namespace
}  // namespace ranvier
