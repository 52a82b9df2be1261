// The choice of an instruction set, and that there is something to choose from.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/math_table.hpp"
#include "ranvier/mechanisms/registry.hpp"

using namespace ranvier;

namespace {

/// Sets RANVIER_ISA and puts it back.
class Environment {
public:
    explicit Environment(const char* value) {
        if (const char* const before = std::getenv(kName)) {
            before_ = before;
            was_set_ = true;
        }
        value == nullptr ? unsetenv(kName) : setenv(kName, value, 1);
    }
    ~Environment() { was_set_ ? setenv(kName, before_.c_str(), 1) : unsetenv(kName); }

private:
    static constexpr const char* kName = "RANVIER_ISA";
    std::string before_;
    bool was_set_ = false;
};

}  // namespace

TEST(the_base_is_always_built_and_levels_rise) {
    const auto built = built_isas();
    CHECK(built.front() == Isa::kBase);
    CHECK(std::ranges::is_sorted(built));
    std::vector<Isa> asked{Isa::kBase};  // of CMake
#if defined(RANVIER_ISA_V3)
    asked.push_back(Isa::kV3);
#endif
#if defined(RANVIER_ISA_V4)
    asked.push_back(Isa::kV4);
#endif
    CHECK(built == asked);
    CHECK(std::ranges::count(built, best_isa()) == 1);
    CHECK(name(Isa::kBase) == "base" && name(Isa::kV3) == "v3" && name(Isa::kV4) == "v4");
}

TEST(every_mechanism_has_lane_kernels_at_every_level) {
    for (const Mechanism* mechanism : mechanisms()) {
        const auto mechanism_name = mechanism->info.name;
        for (const Isa isa : built_isas()) {
            const auto* const in_double = find_lane_kernels<double>(mechanism_name, isa);
            const auto* const in_single = find_lane_kernels<float>(mechanism_name, isa);
            check::expect(in_double != nullptr && in_single != nullptr, __FILE__, __LINE__,
                          mechanism_name, " has no lane kernels at ", name(isa));
            // Each level has its own, or one level's processor would run another's instructions.
            const auto* const in_base = find_lane_kernels<double>(mechanism_name, Isa::kBase);
            CHECK(isa == Isa::kBase || in_double->relax != in_base->relax);
        }
    }
    CHECK(find_lane_kernels<double>("na_h", Isa::kBase) == nullptr);
    CHECK(find_lane_kernels<float>("", Isa::kBase) == nullptr);
}

TEST(the_environment_chooses_at_each_call) {
    {
        const Environment unset(nullptr);
        CHECK(chosen_isa() == best_isa());
    }
    for (const Isa isa : built_isas()) {
        const Environment set(std::string(name(isa)).c_str());
        if (isa <= best_isa()) {
            CHECK(chosen_isa() == isa);
        } else {
            CHECK_THROWS(chosen_isa(), ModelError,
                         "RANVIER_ISA: is '" + std::string(name(isa)) +
                             "', which this processor does not have, expected base");
        }
    }
}

TEST(an_empty_environment_is_none) {
    const Environment set("");
    CHECK(chosen_isa() == best_isa());
}

TEST(the_environment_must_name_a_level) {
    for (const std::string wrong : {"v9", "V3", "avx2", " v3"}) {
        const Environment set(wrong.c_str());
        CHECK_THROWS(chosen_isa(), ModelError,
                     "RANVIER_ISA: is '" + wrong + "', expected base, v3 or v4");
    }
}
