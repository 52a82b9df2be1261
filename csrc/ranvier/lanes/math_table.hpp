// The functions of lanes/math.hpp over arrays, at any instruction set of this build: for tests and
// benchmarks, since one file can hold the packs of one level only.
#pragma once

#include <cstddef>

#include "ranvier/lanes/isa.hpp"

namespace ranvier {

/// Each takes `size` numbers, a multiple of eight, and writes as many.
template <class Real>
struct MathTable {
    using Function = void (*)(const Real* x, Real* y, std::size_t size) noexcept;

    Function exp;
    Function exprelr;
    Function sigmoid;
    Function log;
    // Derivatives by x, by Dual.
    Function exprelr_slope;
    Function sigmoid_slope;
    Function log_slope;
    void (*pow)(const Real* base, const Real* exponent, Real* y, std::size_t size) noexcept;
    void (*pow_slope)(const Real* base, double exponent, Real* y, std::size_t size) noexcept;
};

/// The tables must live as long as the program.
bool register_math_tables(Isa isa, const MathTable<double>& in_double,
                          const MathTable<float>& in_single) noexcept;

/// Null where the build does not have that level. `Real` is double or float.
template <class Real>
const MathTable<Real>* find_math_table(Isa isa) noexcept;

}  // namespace ranvier
