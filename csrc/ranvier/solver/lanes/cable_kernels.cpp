#include "ranvier/solver/lanes/cable_kernels.hpp"

#include <array>
#include <optional>
#include <type_traits>
#include <utility>

namespace ranvier {
namespace {

using Both = std::pair<CableKernels<double>, CableKernels<float>>;

// A function-local static: the kernel files register during static initialisation, in any order.
std::array<std::optional<Both>, 3>& table() {
    static std::array<std::optional<Both>, 3> kernels;
    return kernels;
}

}  // namespace

void register_cable_kernels(Isa isa, const CableKernels<double>& in_double,
                            const CableKernels<float>& in_single) {
    table()[static_cast<std::size_t>(isa)] = Both{in_double, in_single};
}

template <class Real>
const CableKernels<Real>* find_cable_kernels(Isa isa) noexcept {
    const auto& found = table()[static_cast<std::size_t>(isa)];
    if (!found) {
        return nullptr;
    }
    if constexpr (std::is_same_v<Real, double>) {
        return &found->first;
    } else {
        return &found->second;
    }
}

template const CableKernels<double>* find_cable_kernels<double>(Isa isa) noexcept;
template const CableKernels<float>* find_cable_kernels<float>(Isa isa) noexcept;

}  // namespace ranvier
