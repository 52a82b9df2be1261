// Leak: i = g_bar (v - e_leak), a conductance that is always open and belongs to no single ion.

#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

struct Leak {
    static constexpr std::array parameters{ParameterInfo{"g_bar_S_cm2", 1e-4},
                                           ParameterInfo{"e_leak_mV", -65.0}};
    static constexpr MechanismInfo info{
        .name = "leak",
        .summary = "leak conductance with a reversal potential of its own",
        .parameters = parameters,
        .citation = "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
    };
};

RANVIER_REGISTER_CHANNEL(Leak);

}  // namespace
}  // namespace ranvier
