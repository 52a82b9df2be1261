#include "ranvier/lanes/isa.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ranvier {
namespace {

// setup.py and csrc/CMakeLists.txt define one for each level that they compile the kernels for.
constexpr std::array kBuilt{
    Isa::kBase,
#if defined(RANVIER_ISA_V3)
    Isa::kV3,
#endif
#if defined(RANVIER_ISA_V4)
    Isa::kV4,
#endif
};

#if defined(__x86_64__)
/// What of x86-64-v3 the compiler's own check has no name for in every version.
bool has_scalar_part_of_v3() {
    constexpr unsigned kLeaf = 1;
    constexpr unsigned kMovbe = 1U << 22U;
    constexpr unsigned kF16C = 1U << 29U;
    constexpr unsigned kExtendedLeaf = 0x80000001;
    constexpr unsigned kLzcnt = 1U << 5U;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    if (__get_cpuid(kLeaf, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kMovbe) == 0 ||
        (ecx & kF16C) == 0) {
        return false;
    }
    return __get_cpuid(kExtendedLeaf, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kLzcnt) != 0;
}
#endif

/// Every group of features that the compiler may use at that level, and the operating system's
/// leave to use the registers, which is part of the compiler's check.
bool processor_has([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse4.2") &&
                    __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
                    __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && has_scalar_part_of_v3();
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return isa == Isa::kBase || (isa == Isa::kV3 && v3) || (isa == Isa::kV4 && v4);
#else
    return isa == Isa::kBase;
#endif
}

/// "base, v3 or v4".
std::string listed(const std::vector<Isa>& isas) {
    std::string text;
    for (std::size_t i = 0; i < isas.size(); ++i) {
        text += (i == 0 ? "" : i + 1 == isas.size() ? " or " : ", ");
        text += name(isas[i]);
    }
    return text;
}

/// What can run here.
std::vector<Isa> usable_isas() {
    std::vector<Isa> usable = built_isas();
    std::erase_if(usable, [](Isa isa) { return !processor_has(isa); });
    return usable;
}

}  // namespace

std::string_view name(Isa isa) {
    constexpr std::array<std::string_view, 3> kNames{"base", "v3", "v4"};
    return kNames[static_cast<std::size_t>(isa)];
}

std::vector<Isa> built_isas() {
    return {kBuilt.begin(), kBuilt.end()};
}

Isa best_isa() {
    return usable_isas().back();
}

Isa chosen_isa() {
    const char* const asked = std::getenv("RANVIER_ISA");
    if (asked == nullptr || *asked == '\0') {
        return best_isa();
    }
    const std::vector<Isa> all{Isa::kBase, Isa::kV3, Isa::kV4};
    const auto found = std::ranges::find(all, std::string_view(asked), name);
    if (found == all.end()) {
        throw ModelError("RANVIER_ISA", "is " + quoted(asked) + ", expected " + listed(all));
    }
    const auto usable = usable_isas();
    if (std::ranges::find(usable, *found) == usable.end()) {
        throw ModelError("RANVIER_ISA", "is " + quoted(asked) +
                                            ", which this processor does not have, expected " +
                                            listed(usable));
    }
    return *found;
}

}  // namespace ranvier
