// What is known of a program's outputs from its instructions alone.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "ranvier/mechanisms/expression/dependence.hpp"

using namespace ranvier;

namespace {

constexpr Dependence kNone = Dependence::kNone;
constexpr Dependence kAffine = Dependence::kAffine;
constexpr Dependence kAny = Dependence::kAny;

/// Of one instruction on three operands.
Dependence of(Op op, Dependence a, Dependence b, Dependence c) {
    Program program;
    program.registers = 1;
    program.code = {{op, 3, 0, 1, 2}};
    program.outputs = {3};
    return dependence(program, std::array{a, b, c})[0];
}

TEST(sums_and_products_of_straight_lines) {
    CHECK(of(Op::kAdd, kAffine, kAffine, kAny) == kAffine);  // whose third is not read
    CHECK(of(Op::kSubtract, kNone, kAffine, kNone) == kAffine);
    CHECK(of(Op::kNegate, kAffine, kAny, kAny) == kAffine);
    CHECK(of(Op::kMultiply, kAffine, kNone, kAny) == kAffine);
    CHECK(of(Op::kMultiply, kAffine, kAffine, kNone) == kAny);
    CHECK(of(Op::kMultiply, kNone, kNone, kAny) == kNone);
    CHECK(of(Op::kDivide, kAffine, kNone, kNone) == kAffine);
    CHECK(of(Op::kDivide, kNone, kAffine, kNone) == kAny);
    for (const Op op : {Op::kMultiplyAdd, Op::kMultiplyLess, Op::kLessProduct}) {
        CHECK(of(op, kNone, kAffine, kAffine) == kAffine);
        CHECK(of(op, kAffine, kAffine, kNone) == kAny);
        CHECK(of(op, kNone, kNone, kAny) == kAny);
        CHECK(of(op, kNone, kNone, kNone) == kNone);
    }
}

TEST(whatever_bends_is_no_straight_line) {
    for (const Op op : {Op::kExp, Op::kLog, Op::kSqrt, Op::kAbs, Op::kSigmoid, Op::kExprelr,
                        Op::kExprelrSlope, Op::kExpm1}) {
        CHECK(of(op, kAffine, kNone, kNone) == kAny);
        CHECK(of(op, kNone, kAny, kAny) == kNone);
    }
    // A comparison has no slope, and is a step.
    for (const Op op : {Op::kPower, Op::kMin, Op::kMax, Op::kLess, Op::kLessEqual, Op::kEqual}) {
        CHECK(of(op, kAffine, kNone, kNone) == kAny);
        CHECK(of(op, kNone, kAffine, kNone) == kAny);
        CHECK(of(op, kNone, kNone, kAny) == kNone);
    }
    CHECK(of(Op::kSelect, kAffine, kNone, kNone) == kAny);
    CHECK(of(Op::kSelect, kNone, kAffine, kNone) == kAffine);
}

/// Registers are used again: what counts is what is in them when they are read.
TEST(registers_are_followed_in_order) {
    Program program;
    program.constants = {2.0};
    program.registers = 1;
    program.code = {{Op::kExp, 2, 0, 0, 0}, {Op::kMultiply, 2, 0, 1, 0}};
    program.outputs = {2, 0, 1};
    const auto found = dependence(program, std::array{kAffine});
    CHECK(found == (std::vector{kAffine, kAffine, kNone}));
}

/// i = g (v - e), where setup derives g from b or from c, of which c is live.
Expressions leak(std::uint16_t derived_from) {
    Expressions e;
    e.inputs = {"b", "c"};
    e.derived = 1;
    e.setup.registers = 1;
    e.setup.code = {{Op::kExp, 2, derived_from, 0, 0}};
    e.setup.outputs = {2};
    e.conduct.registers = 1;
    e.conduct.code = {{Op::kMultiplyLess, 4, 3, 0, 2}};  // g v - c
    e.conduct.outputs = {4, 3};
    return e;
}

TEST(a_slope_may_come_from_what_is_live) {
    const IsLive is_c = [](std::string_view input) { return input == "c"; };
    CHECK(is_affine_in_v(leak(0)) && has_fixed_slope(leak(0), is_c));
    CHECK(is_affine_in_v(leak(1)) && !has_fixed_slope(leak(1), is_c));
    CHECK(has_fixed_slope(leak(1), [](std::string_view) { return false; }));
    Expressions gated = leak(0);
    gated.states = 1;
    CHECK(!is_affine_in_v(gated));
}

/// Two curves whose sum is a straight line are two curves.
TEST(each_current_counts) {
    Expressions e = leak(0);
    e.currents = {"na", "k"};
    e.split.registers = 1;
    e.split.code = {{Op::kExp, 4, 0, 0, 0}};
    e.split.outputs = {4, 4, 0, 3};
    CHECK(!is_affine_in_v(e));
    e.split.outputs = {0, 3, 1, 3};
    CHECK(is_affine_in_v(e));
}

}  // namespace
