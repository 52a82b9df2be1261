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
        // With e = e^(-(v + 65)/80): e^8 e = e^(-(v + 55)/10).
        constexpr double kE = 2.718281828459045;
        const Value e = exp(-(v_mV + 65.0) / 80.0);
        return {{{0.1 * exprelr_given_exp(-(v_mV + 55.0) / 10.0, kE * power<8>(e)), 0.125 * e}}};
    }
};

RANVIER_REGISTER_CHANNEL(KHH);

}  // namespace
}  // namespace ranvier
