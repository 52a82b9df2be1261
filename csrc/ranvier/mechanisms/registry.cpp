#include "ranvier/mechanisms/registry.hpp"

#include <algorithm>
#include <type_traits>

namespace ranvier {
namespace {

struct LaneEntry {
    std::string_view name;
    Isa isa;
    const LaneKernels<double>* double_precision;
    const LaneKernels<float>* single_precision;
};

// Function-local statics: channel files register during static initialisation, in any order.
std::vector<const Mechanism*>& table() {
    static std::vector<const Mechanism*> mechanisms;
    return mechanisms;
}

std::vector<LaneEntry>& lane_table() {
    static std::vector<LaneEntry> entries;
    return entries;
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

template <class Real>
const LaneKernels<Real>* find_lane_kernels(std::string_view name, Isa isa) {
    for (const LaneEntry& entry : lane_table()) {
        if (entry.name == name && entry.isa == isa) {
            if constexpr (std::is_same_v<Real, double>) {
                return entry.double_precision;
            } else {
                return entry.single_precision;
            }
        }
    }
    return nullptr;
}

template const LaneKernels<double>* find_lane_kernels<double>(std::string_view name, Isa isa);
template const LaneKernels<float>* find_lane_kernels<float>(std::string_view name, Isa isa);

bool detail::register_mechanism(const Mechanism& mechanism) {
    table().push_back(&mechanism);
    return true;
}

bool detail::register_lane_kernels(std::string_view name, Isa isa,
                                   const LaneKernels<double>& double_precision,
                                   const LaneKernels<float>& single_precision) {
    lane_table().push_back({name, isa, &double_precision, &single_precision});
    return true;
}

}  // namespace ranvier
