// What one core can do at most: multiply-adds, divisions and bytes in a nanosecond.
//
//   g++ -O3 -march=native -std=c++20 peak.cpp -o peak && ./peak KIB_OF_WORKING_SET...
//
// Prints one number to a line: multiply-adds and divisions of doubles, then bytes read and written
// for each working set. `instructions.py` compiles and runs it.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kBytes = 32;
#else
constexpr std::size_t kBytes = 16;
#endif
// NOLINTNEXTLINE: the vector extension of gcc and clang
typedef double Vector __attribute__((vector_size(kBytes)));
constexpr std::size_t kLanes = kBytes / sizeof(double);
/// Enough to hide the latency of each, and few enough for the registers.
constexpr std::size_t kChains = 12;
constexpr int kRepeats = 7;

double now_ns() {
    const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::nano>(since_start).count();
}

/// The best of some runs, as items in a nanosecond.
template <class Work>
double best_rate(double items, const Work& work) {
    double best = 0.0;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
        const double start_ns = now_ns();
        work();
        best = std::max(best, items / (now_ns() - start_ns));
    }
    return best;
}

template <class Operation>
double operations_per_ns(const Operation& operation) {
    constexpr int kRounds = 1'000'000;
    return best_rate(static_cast<double>(kRounds) * kChains * kLanes, [&] {
        std::array<Vector, kChains> values;
        for (std::size_t k = 0; k < kChains; ++k) {
            values[k] = Vector{} + 1.0 + 1e-3 * static_cast<double>(k);
        }
        for (int round = 0; round < kRounds; ++round) {
            for (Vector& value : values) {
                value = operation(value);
            }
        }
        for (Vector& value : values) {
            asm volatile("" : "+x"(value));
        }
    });
}

/// Of y = a y + x: two reads and a write.
double bytes_per_ns(std::size_t working_set) {
    const std::size_t size = std::max<std::size_t>(working_set / (2 * sizeof(double)), 64);
    std::vector<double> x(size, 1.0);
    std::vector<double> y(size, 2.0);
    const std::size_t sweeps = std::max<std::size_t>(1, 20'000'000 / size);
    return best_rate(static_cast<double>(3 * sizeof(double) * size * sweeps), [&] {
        for (std::size_t sweep = 0; sweep < sweeps; ++sweep) {
            for (std::size_t i = 0; i < size; ++i) {
                y[i] = 0.5 * y[i] + x[i];
            }
            asm volatile("" : : "g"(y.data()) : "memory");
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    std::printf("%.4g\n", operations_per_ns([](Vector v) { return v * 0.999 + 0.001; }));
    std::printf("%.4g\n", operations_per_ns([](Vector v) { return 1.5 / v; }));
    for (int k = 1; k < argc; ++k) {
        std::printf("%.4g\n", bytes_per_ns(1024 * std::strtoul(argv[k], nullptr, 10)));
    }
}
