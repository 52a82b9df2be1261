// Mechanisms that are written as formulas: each instruction at every level, states that depend on
// each other, and what is refused.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/math.hpp"
#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/lanes.hpp"
#include "ranvier/mechanisms/expression/custom.hpp"
#include "ranvier/mechanisms/expression/schedule.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/gate_inverse.hpp"

using namespace ranvier;

namespace {

/// Outward current `formula`(v, input, input), with nothing else.
CustomDescription current_only(Program conduct) {
    CustomDescription description;
    description.name = "test";
    Expressions& e = description.expressions;
    e.inputs = {"b", "c"};
    description.parameters = {{"b", 0.0}, {"c", 0.0}};
    e.currents = {"mixed"};
    Program zero;
    zero.constants = {0.0};
    e.conduct = std::move(conduct);
    e.change = zero;
    e.change.outputs = {3};
    e.linearise = zero;
    e.linearise.outputs = {3, 3};
    return description;
}

Program one_instruction(Op op) {
    Program program;
    program.registers = 1;
    program.code = {{op, 3, 0, 1, 2}};  // v, b, c; the register
    program.outputs = {3, 3};
    return program;
}

double by_hand(Op op, double a, double b, double c) {
    switch (op) {
        case Op::kAdd:
            return a + b;
        case Op::kSubtract:
            return a - b;
        case Op::kMultiply:
            return a * b;
        case Op::kDivide:
            return a / b;
        case Op::kNegate:
            return -a;
        case Op::kMultiplyAdd:
            return a * b + c;
        case Op::kMultiplyLess:
            return a * b - c;
        case Op::kLessProduct:
            return c - a * b;
        case Op::kExp:
            return std::exp(a);
        case Op::kLog:
            return std::log(a);
        case Op::kPower:
            return std::pow(a, b);
        case Op::kSqrt:
            return std::sqrt(a);
        case Op::kAbs:
            return std::abs(a);
        case Op::kMin:
            return std::min(a, b);
        case Op::kMax:
            return std::max(a, b);
        case Op::kSigmoid:
            return 1.0 / (1.0 + std::exp(-a));
        case Op::kExprelr:
            return a == 0.0 ? 1.0 : a / std::expm1(a);
        case Op::kExprelrSlope: {
            const double e = std::expm1(a);
            return std::abs(a) < 1e-3 ? -0.5 + a / 6.0 : (e - a * (e + 1.0)) / (e * e);
        }
        case Op::kLess:
            return a < b ? 1.0 : 0.0;
        case Op::kLessEqual:
            return a <= b ? 1.0 : 0.0;
        case Op::kEqual:
            return a == b ? 1.0 : 0.0;
        case Op::kExpm1:
            return std::expm1(a);
        case Op::kSelect:
            return a != 0.0 ? b : c;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

/// Ten packs and one more, so that there is a strip that is not full.
constexpr std::size_t kPacks = 11;

using Formula = std::function<double(double, double, double)>;

/// `formula` of v, b and c; `op` says which in messages.
template <class Real>
void check_formula(const Mechanism& mechanism, std::size_t op, const Formula& formula,
                   bool is_positive, Isa isa, double relative) {
    const auto* const kernels = find_lane_kernels<Real>(expression_kernels(), isa);
    std::mt19937_64 random(static_cast<unsigned>(op) + 1);
    std::uniform_real_distribution<double> any(-5.0, 5.0);
    constexpr std::size_t kSize = kPacks * kLanes;
    alignas(64) std::array<Real, kSize> v;
    alignas(64) std::array<Real, kSize> b;
    alignas(64) std::array<Real, kLanes> c;
    alignas(64) std::array<Real, kSize> area;
    alignas(64) std::array<Real, kLanes> still{};
    alignas(64) std::array<Real, 4 * kSize> sums{};
    std::array<std::int32_t, kPacks> pack;
    for (std::size_t i = 0; i < kSize; ++i) {
        const double value = any(random);
        v[i] = static_cast<Real>(is_positive ? std::abs(value) : value);
        b[i] = i % 5 == 0 ? v[i] : static_cast<Real>(any(random));
        area[i] = i % 3 == 0 ? Real(0) : Real(2);
    }
    v[4] = is_positive ? v[4] : Real(0.0);
    c.fill(Real(0.75));
    for (std::size_t k = 0; k < kPacks; ++k) {
        pack[k] = static_cast<std::int32_t>(k * kLanes);
    }
    const std::array<PackColumn<Real>, 2> inputs{{{b.data(), kLanes}, {c.data(), 0}}};
    const LaneRows<Real> rows{.size = kPacks,
                              .pack = pack.data(),
                              .g_uS = {area.data(), kLanes},
                              .e_mV = {c.data(), 0},
                              .rate_factor = nullptr,
                              .gates = nullptr,
                              .answers = nullptr,
                              .first_row = nullptr,
                              .expressions = mechanism.expressions,
                              .inputs = inputs.data(),
                              .first_pack = 0};
    Real* const first = sums.data();
    kernels->relax(rows, v.data(), still.data(),
                   {first, first + kSize, first + 2 * kSize, first + 3 * kSize});
    for (std::size_t i = 0; i < kSize; ++i) {
        const double expected = static_cast<double>(area[i]) * formula(static_cast<double>(v[i]),
                                                                       static_cast<double>(b[i]),
                                                                       static_cast<double>(c[0]));
        const double close = relative * (std::abs(expected) + 10.0);
        check::expect(std::abs(static_cast<double>(sums[i]) - expected) <= close, __FILE__,
                      __LINE__, "step ", op, " at ", name(isa), " of ", v[i], ", ", b[i], " is ",
                      sums[i], ", expected ", expected);
    }
}

template <class Real>
void check_op(const Mechanism& mechanism, Op op, Isa isa, double relative) {
    check_formula<Real>(
        mechanism, static_cast<std::size_t>(op),
        [&](double a, double b, double c) { return by_hand(op, a, b, c); },
        op == Op::kLog || op == Op::kPower || op == Op::kSqrt, isa, relative);
}

/// `first` of v, b and c, and `second` of that in a slot and of b and v.
Program two_instructions(const PairOf& pair) {
    Program program;
    program.registers = 1;
    Instruction second{pair.second, 3, 1, 0, 0};
    (pair.slot == Slot::kC ? second.c : pair.slot == Slot::kB ? second.b : second.a) = 3;
    if (pair.slot == Slot::kA) {
        second.b = 1;
    }
    if (pair.slot == Slot::kBoth) {
        second.b = 3;
    }
    program.code = {{pair.first, 3, 0, 1, 2}, second};
    program.outputs = {3, 3};
    return program;
}

double by_hand(const PairOf& pair, double a, double b, double c) {
    const double own = by_hand(pair.first, a, b, c);
    switch (pair.slot) {
        case Slot::kA:
            return by_hand(pair.second, own, b, a);
        case Slot::kB:
            return by_hand(pair.second, b, own, a);
        case Slot::kC:
            return by_hand(pair.second, b, a, own);
        case Slot::kBoth:
            return by_hand(pair.second, own, own, a);
        case Slot::kNone:
            break;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

/// c <-> o <-> i with rates that depend on v, as programs by hand: the current is g o (v + 80).
std::shared_ptr<const Mechanism> scheme() {
    CustomDescription description;
    description.name = "scheme";
    description.states = {{"c", 0.0, 1.0}, {"o", 0.0, 1.0}, {"i", 0.0, 1.0}};
    Expressions& e = description.expressions;
    e.states = 3;
    e.currents = {"k"};
    e.jacobian = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {1, 0}, {1, 2}, {2, 1}};
    e.conserved = {{{{0, 1.0}, {1, 1.0}, {2, 1.0}}}};
    e.is_settled = false;
    e.is_given = {0, 0, 0};
    // Given: v, c, o, i. Constants from 4: 0, 1/3, 1/20, 0.5, 0.2, 0.1, 80, -0.05, -0.5...
    Program p;
    p.constants = {0.0, 1.0 / 3.0, 0.05, 0.5, 0.2, 0.1, 80.0, -0.2, 0.025, -0.3};
    constexpr std::uint16_t kZero = 4, kThird = 5, k20 = 6, kHalf = 7, kFifth = 8, kTenth = 9,
                            k80 = 10;
    constexpr std::uint16_t kR = 14;
    const auto reg = [](int i) { return static_cast<std::uint16_t>(kR + i); };
    // a = 0.5 e^(v/20) (c -> o); back 0.2; o -> i 0.1, back 0.05.
    p.code = {{Op::kMultiply, reg(0), 0, k20, 0},
              {Op::kExp, reg(0), reg(0), 0, 0},
              {Op::kMultiply, reg(0), reg(0), kHalf, 0},      // a
              {Op::kMultiply, reg(1), reg(0), 1, 0},          // a c
              {Op::kLessProduct, reg(1), kFifth, 2, reg(1)},  // a c - 0.2 o: net c -> o
              {Op::kMultiply, reg(2), kTenth, 2, 0},
              {Op::kLessProduct, reg(2), k20, 3, reg(2)},  // 0.1 o - 0.05 i: net o -> i
              {Op::kNegate, reg(3), reg(1), 0, 0},         // c'
              {Op::kSubtract, reg(4), reg(1), reg(2), 0},  // o'
              {Op::kNegate, reg(5), reg(0), 0, 0},         // -a
              {Op::kAdd, reg(6), 0, k80, 0},               // v + 80
              {Op::kMultiply, reg(7), reg(6), 2, 0},       // (v + 80) o
              {Op::kMultiply, reg(8), reg(0), 1, 0},
              {Op::kMultiply, reg(8), reg(8), k20, 0},  // d(a c)/dv
              {Op::kNegate, reg(9), reg(8), 0, 0},
              {Op::kNegate, reg(10), k20, 0, 0}};  // -0.05
    p.registers = 11;
    const std::vector<std::uint16_t> rates{reg(3), reg(4), reg(2)};
    const std::vector<std::uint16_t> jacobian{reg(5), 13,     reg(10),  // -a, -0.3, -0.05
                                              kFifth, reg(0), k20,     kTenth};
    const auto with = [&](std::vector<std::uint16_t> outputs) {
        Program own = p;
        own.outputs = std::move(outputs);
        return own;
    };
    const auto joined = [](std::vector<std::uint16_t> a, const std::vector<std::uint16_t>& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    };
    e.settle = with({kThird, kThird, kThird});
    e.relax = with(joined(rates, jacobian));
    e.conduct = with({reg(7), 2});
    e.change = with(joined(rates, {reg(7)}));
    e.linearise = with(joined(joined(joined(rates, {reg(9), reg(8), kZero}), jacobian),
                              {reg(7), 2, kZero, reg(6), kZero}));
    return make_custom(std::move(description));
}

/// Rows of a mechanism on their own.
struct Patch {
    explicit Patch(const Mechanism& mechanism, std::size_t rows)
        : states(mechanism.info.gates.size(), std::vector<double>(rows)),
          v_mV(rows),
          compartment(rows),
          area(rows, 1.0) {
        for (std::size_t row = 0; row < rows; ++row) {
            compartment[row] = static_cast<std::int32_t>(row);
            v_mV[row] = -90.0 + 130.0 * static_cast<double>(row) / static_cast<double>(rows);
        }
        for (auto& state : states) {
            pointers.push_back(state.data());
        }
        view = {.size = rows,
                .compartment = compartment.data(),
                .parameters = nullptr,
                .gates = pointers.data(),
                .e_mV = nullptr,
                .rate_factor = nullptr,
                .nA_per_mA_cm2 = area.data(),
                .expressions = mechanism.expressions,
                .inputs = nullptr};
    }
    double sum(std::size_t row) const { return states[0][row] + states[1][row] + states[2][row]; }

    std::vector<std::vector<double>> states;
    std::vector<double> v_mV;
    std::vector<std::int32_t> compartment;
    std::vector<double> area;
    std::vector<double*> pointers;
    Rows view;
};

constexpr std::size_t kRows = 70;  // a full strip and one that is not

}  // namespace

TEST(every_instruction_does_the_same_at_every_level) {
    for (std::size_t i = 0; i < kOps; ++i) {
        const Op op = static_cast<Op>(i);
        const auto mechanism = make_custom(current_only(one_instruction(op)));
        for (const Isa isa : built_isas()) {
            if (isa <= best_isa()) {
                check_op<double>(*mechanism, op, isa, 1e-14);
                check_op<float>(*mechanism, op, isa, 1e-5);
            }
        }
    }
}

TEST(every_pair_of_instructions_does_the_same_as_one_after_the_other) {
    for (std::size_t kind = kOps; kind < kStepKinds; ++kind) {
        const PairOf pair(kind);
        if (!is_pair(pair.first, pair.second, pair.slot)) {
            continue;
        }
        CHECK(pair_kind(pair.first, pair.second, pair.slot) == kind);
        const auto mechanism = make_custom(current_only(two_instructions(pair)));
        const auto& steps = mechanism->expressions->conduct.schedule.steps;
        CHECK(steps.size() == 1);
        CHECK(steps[0].kind == kind);
        const Formula formula = [&](double a, double b, double c) {
            return by_hand(pair, a, b, c);
        };
        for (const Isa isa : built_isas()) {
            if (isa <= best_isa()) {
                check_formula<double>(*mechanism, kind, formula, false, isa, 1e-13);
                check_formula<float>(*mechanism, kind, formula, false, isa, 1e-4);
            }
        }
    }
}

TEST(what_two_instructions_read_stays_in_a_register) {
    Program program;
    program.registers = 2;
    // v b, twice as often read; and what nothing reads.
    program.code = {{Op::kMultiply, 3, 0, 1, 0},
                    {Op::kAdd, 4, 3, 2, 0},
                    {Op::kMultiply, 4, 4, 3, 0},
                    {Op::kExp, 3, 0, 0, 0}};
    program.outputs = {4, 4};
    const auto mechanism = make_custom(current_only(std::move(program)));
    CHECK(mechanism->expressions->conduct.schedule.steps.size() == 2);
    for (const Isa isa : built_isas()) {
        if (isa <= best_isa()) {
            check_formula<double>(
                *mechanism, 0, [](double a, double b, double c) { return a * b * (a * b + c); },
                false, isa, 1e-13);
        }
    }
}

TEST(a_scheme_settles_where_nothing_flows) {
    const auto mechanism = scheme();
    Patch patch(*mechanism, kRows);
    mechanism->kernels.steady_state(patch.view, patch.v_mV.data());
    for (std::size_t row = 0; row < kRows; ++row) {
        const double a = 0.5 * std::exp(patch.v_mV[row] / 20.0);
        // o = a c/0.2 and i = 2 o.
        const double c = 1.0 / (1.0 + 3.0 * a / 0.2);
        CHECK_NEAR(patch.states[0][row], c, 1e-10);
        CHECK_NEAR(patch.states[1][row], a * c / 0.2, 1e-10);
        CHECK_NEAR(patch.sum(row), 1.0, 1e-15);
    }
}

TEST(amounts_stay_and_stay_positive_in_steps_of_any_length) {
    const auto mechanism = scheme();
    for (const double dt_ms : {1e-3, 1.0, 1e3, 1e6}) {
        Patch patch(*mechanism, kRows);
        std::ranges::fill(patch.states[0], 1.0);
        for (int step = 0; step < 20; ++step) {
            mechanism->kernels.advance(patch.view, patch.v_mV.data(), dt_ms);
            for (std::size_t row = 0; row < kRows; ++row) {
                CHECK_NEAR(patch.sum(row), 1.0, 1e-9 * std::max(1.0, 1e-3 * dt_ms));
                CHECK(patch.states[1][row] >= 0.0 && patch.states[2][row] >= 0.0);
            }
        }
    }
}

TEST(both_ways_to_move_states_have_their_order) {
    const auto mechanism = scheme();
    // The oracle: RK4 in tiny steps on one row.
    const auto end = [&](auto move, int steps) {
        Patch patch(*mechanism, 1);
        patch.v_mV[0] = 10.0;
        patch.states[0][0] = 1.0;
        for (int i = 0; i < steps; ++i) {
            move(patch, 4.0 / steps);
        }
        return patch.states[1][0];
    };
    const auto oracle = [&](Patch& patch, double dt_ms) {
        const double a = 0.5 * std::exp(0.5);
        const auto rate = [&](std::array<double, 3> x) {
            const double opens = a * x[0] - 0.2 * x[1];
            const double shuts = 0.1 * x[1] - 0.05 * x[2];
            return std::array{-opens, opens - shuts, shuts};
        };
        std::array<double, 3> x{patch.states[0][0], patch.states[1][0], patch.states[2][0]};
        const auto beside = [&](const std::array<double, 3>& k, double h) {
            return std::array{x[0] + h * k[0], x[1] + h * k[1], x[2] + h * k[2]};
        };
        const auto k1 = rate(x);
        const auto k2 = rate(beside(k1, 0.5 * dt_ms));
        const auto k3 = rate(beside(k2, 0.5 * dt_ms));
        const auto k4 = rate(beside(k3, dt_ms));
        for (std::size_t s = 0; s < 3; ++s) {
            patch.states[s][0] = x[s] + dt_ms / 6.0 * (k1[s] + 2 * k2[s] + 2 * k3[s] + k4[s]);
        }
    };
    const auto advance = [&](Patch& patch, double dt_ms) {
        mechanism->kernels.advance(patch.view, patch.v_mV.data(), dt_ms);
    };
    const auto relax = [&](Patch& patch, double dt_ms) {
        mechanism->kernels.relax(patch.view, patch.v_mV.data(), dt_ms);
    };
    const double exact = end(oracle, 4000);
    const auto order = [&](auto move) {
        return std::log2((end(move, 64) - exact) / (end(move, 128) - exact));
    };
    CHECK_NEAR(order(advance), 1.0, 0.1);
    CHECK_NEAR(order(relax), 2.0, 0.1);
}

TEST(the_inverse_of_coupled_gates_is_one) {
    std::mt19937_64 random(5);
    std::uniform_real_distribution<double> any(0.0, 1.0);
    constexpr std::size_t n = 5;
    std::vector<double> matrix(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            matrix[i * n + j] = i == j ? 6.0 + any(random) : -any(random);
        }
    }
    std::vector<double> x(n);
    std::vector<double> right(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = any(random);
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            right[i] += matrix[i * n + j] * x[j];
        }
    }
    factor(matrix, n);
    solve(matrix, right);
    for (std::size_t i = 0; i < n; ++i) {
        CHECK_NEAR(right[i], x[i], 1e-14);
    }
}

TEST(a_program_may_read_only_what_there_is) {
    const auto broken = [](const auto& change) {
        CustomDescription description = current_only(one_instruction(Op::kAdd));
        change(description.expressions);
        return make_custom(std::move(description));
    };
    CHECK_THROWS(broken([](Expressions& e) { e.conduct.code[0].a = 3; }), ModelError,
                 "mechanism 'test': its program conduct reads operand 3, expected one that is "
                 "given or was written before");
    CHECK_THROWS(broken([](Expressions& e) { e.conduct.code[0].to = 1; }), ModelError,
                 "its program conduct writes operand 1, expected a register");
    CHECK_THROWS(broken([](Expressions& e) { e.conduct.code[0].op = static_cast<Op>(99); }),
                 ModelError, "its program conduct has instruction 99, expected below 23");
    CHECK_THROWS(broken([](Expressions& e) { e.conduct.outputs.pop_back(); }), ModelError,
                 "its program conduct gives 1 numbers, expected 2");
    CHECK_THROWS(broken([](Expressions& e) { e.conduct.registers = 1000; }), ModelError,
                 "has 1000 registers in its program conduct, expected at most 48");
    CHECK_THROWS(broken([](Expressions& e) { e.derived = 95; }), ModelError,
                 "has 97 inputs, expected at most 96");
    CHECK_THROWS(broken([](Expressions& e) { e.states = 1; }), ModelError,
                 "has no rate of change for some of its states, expected one for each");
    CHECK_THROWS(broken([](Expressions& e) { e.conserved = {{{{2, 1.0}}}}; }), ModelError,
                 "an amount of state 2 is conserved, expected below 0");
    CHECK_THROWS(broken([](Expressions& e) { e.jacobian = {{0, 0}}; }), ModelError,
                 "entry 0 of its jacobian is (0, 0), expected the diagonal in order, then pairs of "
                 "different states");
}
