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
    static auto rates(const Value& v_mV) {
        constexpr double kE10_80 = 0.88249690258459546;  // e^(-10/80)
        const Value up = never_zero(v_mV + 55.0);
        const auto e = exponential<8>(up / -80.0);
        const auto e8 = power<8>(e);  // e^(-(v + 55)/10)
        return std::array{
            rate(exprelr_quotient(0.1, up, -10.0, e8), 0.125 * kE10_80 * e.value),
        };
    }
};

RANVIER_REGISTER_CHANNEL(KHH);

}  // namespace
}  // namespace ranvier
