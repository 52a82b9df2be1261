// Fast sodium current of the squid giant axon: i_na = g_bar m^3 h (v - e_na).
//
// Written for a rest near -65 mV, the modern sign convention; in the 1952 paper rest is 0 mV and
// depolarisation is negative.

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct NaHH {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 0.12}};
    static constexpr std::array gates{GateInfo{"m", 3, 3.0}, GateInfo{"h", 1, 3.0}};
    static constexpr MechanismInfo info{
        .name = "na_hh",
        .summary = "fast sodium channel of the squid giant axon",
        .ion = "na",
        .parameters = parameters,
        .gates = gates,
        .reference_temperature_degC = 6.3,
        .citation = "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
    };

    template <class Value>
    static std::array<Rate<Value>, 2> rates(const Value& v_mV) {
        // With e = e^(-(v + 65)/20): e^2 e^3 = e^(-(v + 35)/10), e^2 e^2.5 = e^(-(v + 40)/10).
        constexpr double kE3 = 20.085536923187668;
        constexpr double kE2_5 = 12.182493960703473;
        const Value e = exp(-(v_mV + 65.0) / 20.0);
        const Value e2 = e * e;
        return {{
            {exprelr_given_exp(-(v_mV + 40.0) / 10.0, kE2_5 * e2),
             4.0 * exp(-(v_mV + 65.0) / 18.0)},
            {0.07 * e, 1.0 / (1.0 + kE3 * e2)},
        }};
    }
};

RANVIER_REGISTER_CHANNEL(NaHH);

}  // namespace
}  // namespace ranvier
