#include "ranvier/mechanisms/registry.hpp"

#include <algorithm>

namespace ranvier {
namespace {

// A function-local static: channel files register during static initialisation, in any order.
std::vector<const Mechanism*>& table() {
    static std::vector<const Mechanism*> mechanisms;
    return mechanisms;
}

}  // namespace

std::vector<const Mechanism*> mechanisms() {
    auto sorted = table();
    std::ranges::sort(sorted, {}, [](const Mechanism* m) { return m->info.name; });
    return sorted;
}

const Mechanism* find_mechanism(std::string_view name) {
    for (const Mechanism* mechanism : table()) {
        if (mechanism->info.name == name) {
            return mechanism;
        }
    }
    return nullptr;
}

bool detail::register_mechanism(const Mechanism& mechanism) {
    table().push_back(&mechanism);
    return true;
}

}  // namespace ranvier
