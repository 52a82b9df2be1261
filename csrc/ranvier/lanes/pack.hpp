// Eight numbers that are worked on at once, whatever the processor: one register of AVX-512, two of
// AVX2, four of plain x86-64 or ARM. Written over the vector extension that GCC and Clang share.
//
// A file that includes this may be compiled several times, once per instruction set, into one
// program: everything here therefore lies in a namespace named after the instruction set, so that
// the linker never takes one level's copy for another's (the one-definition rule).
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "ranvier/base/inline.hpp"
#include "ranvier/lanes/lanes.hpp"

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define RANVIER_VECTOR_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define RANVIER_VECTOR_BYTES 32
#else
#define RANVIER_VECTOR_BYTES 16
#endif

// The level that the build meant, which the processor features do not tell: with RANVIER_MARCH the
// base level may have those of another.
#if !defined(RANVIER_ISA_EXTRA)
#define RANVIER_ISA_NAMESPACE isa_base
#elif RANVIER_VECTOR_BYTES == 64
#define RANVIER_ISA_NAMESPACE isa_v4
#elif RANVIER_VECTOR_BYTES == 32
#define RANVIER_ISA_NAMESPACE isa_v3
#else
#error "RANVIER_ISA_EXTRA is for x86-64-v3 and x86-64-v4"
#endif

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// In the place of a number type: as many lanes as one register has, rather than all eight. For
/// long formulas, which would not find room for two registers' worth of everything.
template <class Real>
struct OneRegister {};
/// Or as two: as much as there is room for in a formula of middle length, where a second chain of
/// operations fills the time that the first one waits.
template <class Real>
struct TwoRegisters {};

template <class Kind>
struct PackKind {
    using Real = Kind;
    static constexpr std::size_t kBytes = kLanes * sizeof(Real);
};
template <class Number>
struct PackKind<OneRegister<Number>> {
    using Real = Number;
    static constexpr std::size_t kBytes =
        kLanes * sizeof(Real) < RANVIER_VECTOR_BYTES ? kLanes * sizeof(Real) : RANVIER_VECTOR_BYTES;
};
template <class Number>
struct PackKind<TwoRegisters<Number>> {
    using Real = Number;
    static constexpr std::size_t kBytes = kLanes * sizeof(Real) < 2 * RANVIER_VECTOR_BYTES
                                              ? kLanes * sizeof(Real)
                                              : 2 * RANVIER_VECTOR_BYTES;
};

/// `Kind` is double or float, or OneRegister of one of them.
template <class Kind>
struct Pack {
    using Real = typename PackKind<Kind>::Real;
    using Element = Real;
    static constexpr std::size_t kBytes = PackKind<OneRegister<Real>>::kBytes;  // of a piece
    static constexpr std::size_t kPieces = PackKind<Kind>::kBytes / kBytes;
    static constexpr std::size_t kWidth = kBytes / sizeof(Real);  // lanes of a piece
    using Integer = std::conditional_t<sizeof(Real) == 8, std::int64_t, std::int32_t>;
    typedef Real Piece __attribute__((vector_size(kBytes)));
    typedef Integer Mask __attribute__((vector_size(kBytes)));

    /// A piece as it lies in an array of numbers: there it has no alignment of its own.
    typedef Real Stored __attribute__((vector_size(kBytes), aligned(sizeof(Real)), may_alias));

    Piece piece[kPieces];

    Pack() = default;
    // Piece by piece, since GCC keeps what it copied whole on the stack rather than in registers.
    RANVIER_INLINE Pack(const Pack& other) noexcept {
        for (std::size_t i = 0; i < kPieces; ++i) {
            piece[i] = other.piece[i];
        }
    }
    RANVIER_INLINE Pack& operator=(const Pack& other) noexcept {
        for (std::size_t i = 0; i < kPieces; ++i) {
            piece[i] = other.piece[i];
        }
        return *this;
    }
    // NOLINTNEXTLINE: a plain number is a constant, and formulas mix the two freely.
    RANVIER_INLINE Pack(double constant) noexcept {
        for (auto& each : piece) {
            each = static_cast<Real>(constant) - Piece{};
        }
    }

    /// At any address that a number may have.
    RANVIER_INLINE static Pack load(const Real* from) noexcept {
        Pack pack;
        for (std::size_t i = 0; i < kPieces; ++i) {
            pack.piece[i] = reinterpret_cast<const Stored*>(from)[i];
        }
        return pack;
    }
    RANVIER_INLINE void store(Real* to) const noexcept {
        for (std::size_t i = 0; i < kPieces; ++i) {
            reinterpret_cast<Stored*>(to)[i] = piece[i];
        }
    }

    RANVIER_INLINE Real operator[](std::size_t lane) const noexcept {
        return piece[lane / kWidth][lane % kWidth];
    }
};

/// Yes or no per lane, all bits set or none.
template <class Real>
struct PackMask {
    typename Pack<Real>::Mask piece[Pack<Real>::kPieces];
};

#define RANVIER_PACK_OPERATOR(op)                                                              \
    template <class Real>                                                                      \
    RANVIER_INLINE Pack<Real> operator op(const Pack<Real>& a, const Pack<Real>& b) noexcept { \
        Pack<Real> result;                                                                     \
        for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {                                \
            result.piece[i] = a.piece[i] op b.piece[i];                                        \
        }                                                                                      \
        return result;                                                                         \
    }                                                                                          \
    template <class Real>                                                                      \
    RANVIER_INLINE Pack<Real> operator op(double a, const Pack<Real>& b) noexcept {            \
        return Pack<Real>(a) op b;                                                             \
    }
RANVIER_PACK_OPERATOR(+)
RANVIER_PACK_OPERATOR(-)
RANVIER_PACK_OPERATOR(*)
RANVIER_PACK_OPERATOR(/)
#undef RANVIER_PACK_OPERATOR

template <class Real>
RANVIER_INLINE Pack<Real> operator+(const Pack<Real>& a, double b) noexcept {
    return a + Pack<Real>(b);
}
template <class Real>
RANVIER_INLINE Pack<Real> operator-(const Pack<Real>& a, double b) noexcept {
    return a - Pack<Real>(b);
}
template <class Real>
RANVIER_INLINE Pack<Real> operator*(const Pack<Real>& a, double b) noexcept {
    return a * Pack<Real>(b);
}
/// By a constant: a product, since a division costs as much as ten. One rounding more.
template <class Real>
RANVIER_INLINE Pack<Real> operator/(const Pack<Real>& a, double b) noexcept {
    return a * Pack<Real>(1.0 / b);
}
template <class Real>
RANVIER_INLINE Pack<Real> operator-(const Pack<Real>& a) noexcept {
    Pack<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = -a.piece[i];
    }
    return result;
}

#define RANVIER_PACK_COMPARISON(op)                                                                \
    template <class Real>                                                                          \
    RANVIER_INLINE PackMask<Real> operator op(const Pack<Real>& a, const Pack<Real>& b) noexcept { \
        PackMask<Real> result;                                                                     \
        for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {                                    \
            result.piece[i] = a.piece[i] op b.piece[i];                                            \
        }                                                                                          \
        return result;                                                                             \
    }
RANVIER_PACK_COMPARISON(<)
RANVIER_PACK_COMPARISON(<=)
RANVIER_PACK_COMPARISON(>)
RANVIER_PACK_COMPARISON(>=)
RANVIER_PACK_COMPARISON(==)
#undef RANVIER_PACK_COMPARISON

template <class Real>
RANVIER_INLINE PackMask<Real> operator&(const PackMask<Real>& a, const PackMask<Real>& b) noexcept {
    PackMask<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = a.piece[i] & b.piece[i];
    }
    return result;
}
template <class Real>
RANVIER_INLINE PackMask<Real> operator|(const PackMask<Real>& a, const PackMask<Real>& b) noexcept {
    PackMask<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = a.piece[i] | b.piece[i];
    }
    return result;
}

template <class Real>
RANVIER_INLINE Pack<Real> select(const PackMask<Real>& where, const Pack<Real>& yes,
                                 const Pack<Real>& no) noexcept {
    Pack<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = where.piece[i] ? yes.piece[i] : no.piece[i];
    }
    return result;
}

// GCC does not see minpd in a comparison and a choice, so the processor's own by name.
#if defined(__SSE2__)
#define RANVIER_PIECE_EXTREMES(Piece, maximum, minimum)      \
    RANVIER_INLINE Piece max_of(Piece a, Piece b) noexcept { \
        return maximum(a, b);                                \
    }                                                        \
    RANVIER_INLINE Piece min_of(Piece a, Piece b) noexcept { \
        return minimum(a, b);                                \
    }
RANVIER_PIECE_EXTREMES(__m128d, _mm_max_pd, _mm_min_pd)
RANVIER_PIECE_EXTREMES(__m128, _mm_max_ps, _mm_min_ps)
#if RANVIER_VECTOR_BYTES >= 32
RANVIER_PIECE_EXTREMES(__m256d, _mm256_max_pd, _mm256_min_pd)
RANVIER_PIECE_EXTREMES(__m256, _mm256_max_ps, _mm256_min_ps)
#endif
#if RANVIER_VECTOR_BYTES >= 64
// With a mask that lets all pass: GCC 12 warns of the unmasked one by mistake.
RANVIER_INLINE __m512d max_of(__m512d a, __m512d b) noexcept {
    return _mm512_maskz_max_pd(0xFF, a, b);
}
RANVIER_INLINE __m512d min_of(__m512d a, __m512d b) noexcept {
    return _mm512_maskz_min_pd(0xFF, a, b);
}
#endif
#undef RANVIER_PIECE_EXTREMES
#else
template <class Piece>
RANVIER_INLINE Piece max_of(Piece a, Piece b) noexcept {
    return a > b ? a : b;
}
template <class Piece>
RANVIER_INLINE Piece min_of(Piece a, Piece b) noexcept {
    return a < b ? a : b;
}
#endif

/// As the processor's own: the second where either is NaN.
template <class Real>
RANVIER_INLINE Pack<Real> max(const Pack<Real>& a, const Pack<Real>& b) noexcept {
    Pack<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = max_of(a.piece[i], b.piece[i]);
    }
    return result;
}
template <class Real>
RANVIER_INLINE Pack<Real> min(const Pack<Real>& a, const Pack<Real>& b) noexcept {
    Pack<Real> result;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        result.piece[i] = min_of(a.piece[i], b.piece[i]);
    }
    return result;
}

template <class Real>
RANVIER_INLINE Pack<Real> abs(const Pack<Real>& a) noexcept {
    return max(a, 0.0 - a);
}

/// The bits of a pack, as whole numbers without a sign.
template <class Real>
struct PackBits {
    using Word =
        std::conditional_t<sizeof(typename Pack<Real>::Element) == 8, std::uint64_t, std::uint32_t>;
    typedef Word Piece __attribute__((vector_size(Pack<Real>::kBytes)));

    Piece piece[Pack<Real>::kPieces];

    PackBits() = default;
    // NOLINTNEXTLINE: as for Pack.
    RANVIER_INLINE PackBits(Word constant) noexcept {
        for (auto& each : piece) {
            each = constant - Piece{};
        }
    }
};

template <class Real>
RANVIER_INLINE PackBits<Real> to_bits(const Pack<Real>& pack) noexcept {
    PackBits<Real> bits;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        bits.piece[i] = reinterpret_cast<typename PackBits<Real>::Piece>(pack.piece[i]);
    }
    return bits;
}
template <class Real>
RANVIER_INLINE Pack<Real> from_bits(const PackBits<Real>& bits) noexcept {
    Pack<Real> pack;
    for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {
        pack.piece[i] = reinterpret_cast<typename Pack<Real>::Piece>(bits.piece[i]);
    }
    return pack;
}

#define RANVIER_PACK_BITS_OPERATOR(op, Other, other_piece)                                       \
    template <class Real>                                                                        \
    RANVIER_INLINE PackBits<Real> operator op(const PackBits<Real>& a, const Other b) noexcept { \
        PackBits<Real> result;                                                                   \
        for (std::size_t i = 0; i < Pack<Real>::kPieces; ++i) {                                  \
            result.piece[i] = a.piece[i] op other_piece;                                         \
        }                                                                                        \
        return result;                                                                           \
    }
RANVIER_PACK_BITS_OPERATOR(+, PackBits<Real>&, b.piece[i])
RANVIER_PACK_BITS_OPERATOR(-, PackBits<Real>&, b.piece[i])
RANVIER_PACK_BITS_OPERATOR(&, PackBits<Real>&, b.piece[i])
RANVIER_PACK_BITS_OPERATOR(|, PackBits<Real>&, b.piece[i])
RANVIER_PACK_BITS_OPERATOR(<<, int, b)
RANVIER_PACK_BITS_OPERATOR(>>, int, b)
#undef RANVIER_PACK_BITS_OPERATOR

template <class Real>
RANVIER_INLINE PackBits<Real> operator-(typename PackBits<Real>::Word a,
                                        const PackBits<Real>& b) noexcept {
    return PackBits<Real>(a) - b;
}

/// One bit per lane, the first lane lowest.
template <class Real>
RANVIER_INLINE unsigned bits_of(const PackMask<Real>& mask) noexcept {
    using P = Pack<Real>;
    unsigned bits = 0;
    for (std::size_t i = 0; i < P::kPieces; ++i) {
        const auto piece = mask.piece[i];
        unsigned own = 0;
#if defined(__SSE2__)
        if constexpr (P::kBytes == 16 && sizeof(typename P::Element) == 8) {
            own = static_cast<unsigned>(_mm_movemask_pd(reinterpret_cast<__m128d>(piece)));
        } else if constexpr (P::kBytes == 16) {
            own = static_cast<unsigned>(_mm_movemask_ps(reinterpret_cast<__m128>(piece)));
        }
#endif
#if RANVIER_VECTOR_BYTES >= 32
        if constexpr (P::kBytes == 32 && sizeof(typename P::Element) == 8) {
            own = static_cast<unsigned>(_mm256_movemask_pd(reinterpret_cast<__m256d>(piece)));
        } else if constexpr (P::kBytes == 32) {
            own = static_cast<unsigned>(_mm256_movemask_ps(reinterpret_cast<__m256>(piece)));
        }
#endif
#if RANVIER_VECTOR_BYTES >= 64
        if constexpr (P::kBytes == 64) {
            own = _mm512_movepi64_mask(reinterpret_cast<__m512i>(piece));
        }
#endif
#if !defined(__SSE2__)
        for (std::size_t lane = 0; lane < P::kWidth; ++lane) {
            own |= piece[lane] != 0 ? 1U << lane : 0U;
        }
#endif
        bits |= own << (i * P::kWidth);
    }
    return bits;
}

/// Whether all lanes say yes.
template <class Real>
RANVIER_INLINE bool all(const PackMask<Real>& mask) noexcept {
    return bits_of(mask) == (1U << (Pack<Real>::kPieces * Pack<Real>::kWidth)) - 1U;
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
