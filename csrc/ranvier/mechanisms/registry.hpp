// The table of mechanisms, filled by the channel files themselves at program start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ranvier/mechanisms/channel.hpp"

namespace ranvier {

/// Every registered mechanism, sorted by name.
std::vector<const Mechanism*> mechanisms();

/// The mechanism of that name, or null.
const Mechanism* find_mechanism(std::string_view name);

namespace detail {

/// Adds to the registry. The mechanism must live as long as the program.
bool register_mechanism(const Mechanism& mechanism);

}  // namespace detail
}  // namespace ranvier

/// Puts a channel struct into the registry. Link the object files themselves: a linker takes
/// nothing out of a static archive that nobody names, so self-registered channels vanish from one.
#define RANVIER_REGISTER_CHANNEL(Channel)                                       \
    const ::ranvier::Mechanism kMechanism = ::ranvier::make_channel<Channel>(); \
    [[maybe_unused]] const bool kIsRegistered = ::ranvier::detail::register_mechanism(kMechanism)
