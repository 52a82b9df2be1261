#include "ranvier/lanes/math_table.hpp"

#include <array>
#include <type_traits>

namespace ranvier {
namespace {

constexpr std::size_t kLevels = 3;

// Null until the kernel files fill them, during static initialisation and in any order.
constinit std::array<const MathTable<double>*, kLevels> tables_in_double{};
constinit std::array<const MathTable<float>*, kLevels> tables_in_single{};

}  // namespace

bool register_math_tables(Isa isa, const MathTable<double>& in_double,
                          const MathTable<float>& in_single) noexcept {
    tables_in_double[static_cast<std::size_t>(isa)] = &in_double;
    tables_in_single[static_cast<std::size_t>(isa)] = &in_single;
    return true;
}

template <class Real>
const MathTable<Real>* find_math_table(Isa isa) noexcept {
    if constexpr (std::is_same_v<Real, double>) {
        return tables_in_double[static_cast<std::size_t>(isa)];
    } else {
        return tables_in_single[static_cast<std::size_t>(isa)];
    }
}

template const MathTable<double>* find_math_table<double>(Isa isa) noexcept;
template const MathTable<float>* find_math_table<float>(Isa isa) noexcept;

}  // namespace ranvier
