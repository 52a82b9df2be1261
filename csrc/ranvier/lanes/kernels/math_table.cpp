// The functions of lanes/math.hpp over arrays, compiled once per instruction set.

#include "ranvier/lanes/math_table.hpp"

#include "ranvier/base/dual.hpp"
#include "ranvier/lanes/math.hpp"
#include "ranvier/lanes/this_isa.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {
namespace {

template <class Real, class Function>
RANVIER_INLINE void for_each_pack(const Real* x, Real* y, std::size_t size,
                                  const Function& function) noexcept {
    for (std::size_t i = 0; i < size; i += kLanes) {
        function(Pack<Real>::load(x + i), i).store(y + i);
    }
}

#define RANVIER_OVER_ARRAY(name, formula)                                      \
    template <class Real>                                                      \
    void name(const Real* from, Real* to, std::size_t size) noexcept {         \
        for_each_pack(from, to, size,                                          \
                      [](const Pack<Real>& x, std::size_t)                     \
                          __attribute__((always_inline)) { return formula; }); \
    }
RANVIER_OVER_ARRAY(exp_over, exp(x))
RANVIER_OVER_ARRAY(exprelr_over, exprelr(x))
RANVIER_OVER_ARRAY(sigmoid_over, sigmoid(x))
RANVIER_OVER_ARRAY(log_over, log(x))
RANVIER_OVER_ARRAY(exprelr_slope_over, exprelr(Dual(x, 1.0)).slope)
RANVIER_OVER_ARRAY(sigmoid_slope_over, sigmoid(Dual(x, 1.0)).slope)
RANVIER_OVER_ARRAY(log_slope_over, log(Dual(x, 1.0)).slope)
#undef RANVIER_OVER_ARRAY

template <class Real>
void pow_over(const Real* base, const Real* exponent, Real* to, std::size_t size) noexcept {
    for_each_pack(base, to, size,
                  [&](const Pack<Real>& x, std::size_t i) __attribute__((always_inline)) {
                      return pow(x, Pack<Real>::load(exponent + i));
                  });
}

template <class Real>
void pow_slope_over(const Real* base, double exponent, Real* to, std::size_t size) noexcept {
    for_each_pack(base, to, size,
                  [&](const Pack<Real>& x, std::size_t)
                      __attribute__((always_inline)) { return pow(Dual(x, 1.0), exponent).slope; });
}

template <class Real>
constexpr MathTable<Real> kTable{
    &exp_over<Real>,       &exprelr_over<Real>,       &sigmoid_over<Real>,
    &log_over<Real>,       &exprelr_slope_over<Real>, &sigmoid_slope_over<Real>,
    &log_slope_over<Real>, &pow_over<Real>,           &pow_slope_over<Real>,
};

[[maybe_unused]] const bool kIsRegistered =
    register_math_tables(kThisIsa, kTable<double>, kTable<float>);

}  // namespace
}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
