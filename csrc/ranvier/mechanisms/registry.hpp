// The table of mechanisms and of their lane kernels, filled by the channel files themselves at
// program start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/this_isa.hpp"
#include "ranvier/mechanisms/channel.hpp"
#include "ranvier/mechanisms/lane_channel.hpp"
#include "ranvier/mechanisms/lane_kernels.hpp"

namespace ranvier {

/// What the lane kernels of all mechanisms that are written as expressions are registered by. A
/// function, since a variable would be one symbol for all instruction sets.
RANVIER_INLINE constexpr std::string_view expression_kernels() {
    return "(expressions)";
}

/// Every registered mechanism, sorted by name.
std::vector<const Mechanism*> mechanisms();

/// The mechanism of that name, or null.
const Mechanism* find_mechanism(std::string_view name);

/// The name that a mechanism's lane kernels are registered by: its own, or that of all which are
/// written as expressions.
inline std::string_view lane_kernels_name(const Mechanism& mechanism) {
    return mechanism.expressions == nullptr ? mechanism.info.name : expression_kernels();
}

/// The lane kernels of the mechanism of that name at that instruction set, or null. `Real` is
/// double or float.
template <class Real>
const LaneKernels<Real>* find_lane_kernels(std::string_view name, Isa isa);

namespace detail {

// Both add to the registry; what they are given must live as long as the program.
bool register_mechanism(const Mechanism& mechanism);
bool register_lane_kernels(std::string_view name, Isa isa,
                           const LaneKernels<double>& double_precision,
                           const LaneKernels<float>& single_precision);

}  // namespace detail
}  // namespace ranvier

/// Puts a channel struct into the registry. Link the object files themselves: a linker takes
/// nothing out of a static archive that nobody names, so self-registered channels vanish from one.
#define RANVIER_REGISTER_CHANNEL(Channel) \
    RANVIER_REGISTER_MECHANISM(Channel);  \
    RANVIER_REGISTER_LANE_KERNELS(Channel)

// The table entry is of the base level alone: its functions are for every processor.
#if defined(RANVIER_ISA_EXTRA)
#define RANVIER_REGISTER_MECHANISM(Channel) static_assert(true)
#else
#define RANVIER_REGISTER_MECHANISM(Channel)                                     \
    const ::ranvier::Mechanism kMechanism = ::ranvier::make_channel<Channel>(); \
    [[maybe_unused]] const bool kIsRegistered = ::ranvier::detail::register_mechanism(kMechanism)
#endif

// Constants, and a call that hands over addresses only: this runs at program start on every
// processor, also where it lies in an object of a higher level. tests/test_lanes_build.py checks.
#define RANVIER_REGISTER_LANE_KERNELS(Channel)                                            \
    constexpr auto kLaneKernels = ::ranvier::make_lane_kernels<Channel, double>();        \
    constexpr auto kLaneKernelsSingle = ::ranvier::make_lane_kernels<Channel, float>();   \
    [[maybe_unused]] const bool kLaneKernelsAreRegistered =                               \
        ::ranvier::detail::register_lane_kernels(Channel::info.name, ::ranvier::kThisIsa, \
                                                 kLaneKernels, kLaneKernelsSingle)
