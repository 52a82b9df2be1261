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
    static auto rates(const Value& v_mV) {
        // All exponents are multiples of (v + 40)/180, but for a constant.
        constexpr double kE25_18 = 0.24935220877729622;  // e^(-25/18)
        constexpr double kE25_20 = 0.28650479686019009;  // e^(-25/20)
        constexpr double kE5_10 = 1.6487212707001282;    // e^(5/10)
        const Value up = never_zero(v_mV + 40.0);
        const auto e = exponential<18>(up / -180.0);
        const auto e9 = power<9>(e);  // e^(-(v + 40)/20)
        const auto e10 = e9 * e;      // e^(-(v + 40)/18)
        const auto e18 = e9 * e9;     // e^(-(v + 40)/10)
        return std::array{
            rate(exprelr_quotient(1.0, up, -10.0, e18), 4.0 * kE25_18 * e10.value),
            rate(0.07 * kE25_20 * e9.value, quotient(1.0, (1.0 + kE5_10) + kE5_10 * e18.less_one)),
        };
    }
};

RANVIER_REGISTER_CHANNEL(NaHH);

}  // namespace
}  // namespace ranvier
