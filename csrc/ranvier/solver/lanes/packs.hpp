// Arrays of packs, aligned to a cache line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#include "ranvier/lanes/lanes.hpp"
#include "ranvier/mechanisms/lane_kernels.hpp"

namespace ranvier {

template <class T>
struct CacheLineAllocator {
    using value_type = T;
    static constexpr std::align_val_t kAlignment{64};

    CacheLineAllocator() = default;
    template <class U>
    CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}  // NOLINT: as the standard has it

    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), kAlignment));
    }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, kAlignment); }
    bool operator==(const CacheLineAllocator&) const noexcept { return true; }
};

/// [pack * kLanes + lane]
template <class Real>
using Packs = std::vector<Real, CacheLineAllocator<Real>>;

/// An array of packs that takes the space of one where all lanes of all packs hold one number, as
/// the properties of a uniform fibre do: nothing of it then has to come from memory.
template <class Real>
class PackArray {
public:
    void assign(std::size_t packs, double value) {
        packs_ = packs;
        is_uniform_ = true;
        values_.assign(kLanes, static_cast<Real>(value));
    }
    void set(std::size_t place, double value) {
        if (is_uniform_) {
            if (values_[0] == static_cast<Real>(value)) {
                return;
            }
            const Real old = values_[0];
            values_.assign(packs_ * kLanes, old);
            is_uniform_ = false;
        }
        values_[place] = static_cast<Real>(value);
    }
    /// Makes it one number per lane, which whoever has the address may change.
    Real* spread() {
        if (is_uniform_) {
            values_.assign(packs_ * kLanes, Real(values_[0]));
            is_uniform_ = false;
        }
        return values_.data();
    }
    PackColumn<Real> from(std::size_t pack) const noexcept {
        return {values_.data() + (is_uniform_ ? 0 : pack * kLanes), is_uniform_ ? 0 : kLanes};
    }
    double at(std::size_t place) const noexcept {
        return static_cast<double>(values_[is_uniform_ ? 0 : place]);
    }
    std::size_t bytes() const noexcept { return values_.capacity() * sizeof(Real); }

private:
    std::size_t packs_ = 0;
    bool is_uniform_ = true;
    Packs<Real> values_;
};

}  // namespace ranvier
