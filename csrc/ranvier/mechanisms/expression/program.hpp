// Formulas that came at run time, as instructions over strips of numbers (see machine.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ranvier/lanes/lanes.hpp"
#include "ranvier/mechanisms/mechanism.hpp"

namespace ranvier {

/// What an instruction does with its operands a, b and c. The numbers are part of the contract with
/// whoever compiles formulas (src/ranvier/mechanisms).
enum class Op : std::uint16_t {
    kAdd,           // a + b
    kSubtract,      // a - b
    kMultiply,      // a b
    kDivide,        // a / b
    kNegate,        // -a
    kMultiplyAdd,   // a b + c
    kMultiplyLess,  // a b - c
    kLessProduct,   // c - a b
    kExp,
    kLog,
    kPower,  // a^b for a >= 0
    kSqrt,
    kAbs,
    kMin,
    kMax,
    kSigmoid,       // 1/(1 + e^-a)
    kExprelr,       // a/(e^a - 1), 1 at 0
    kExprelrSlope,  // its derivative by a
    kLess,          // a < b ? 1 : 0
    kLessEqual,
    kEqual,
    kSelect,  // a != 0 ? b : c
    kExpm1,   // e^a - 1
};
inline constexpr std::size_t kOps = 23;

/// How many of a, b and c it reads.
constexpr std::size_t operands_of(Op op) noexcept {
    switch (op) {
        case Op::kMultiplyAdd:
        case Op::kMultiplyLess:
        case Op::kLessProduct:
        case Op::kSelect:
            return 3;
        case Op::kNegate:
        case Op::kExp:
        case Op::kExpm1:
        case Op::kLog:
        case Op::kSqrt:
        case Op::kAbs:
        case Op::kSigmoid:
        case Op::kExprelr:
        case Op::kExprelrSlope:
            return 1;
        default:
            return 2;
    }
}

/// Operands are numbered in one space: what the program is given, its constants, its registers.
struct Instruction {
    Op op;
    std::uint16_t to;  // a register
    std::uint16_t a;
    std::uint16_t b;
    std::uint16_t c;
};

/// One instruction, or two of which the second alone reads what the first one gives: that then
/// stays in the processor.
struct Step {
    std::uint16_t kind;                 // an Op's number, or pair_kind() (schedule.hpp)
    std::uint16_t to;                   // a register's number among registers
    std::array<std::uint16_t, 5> from;  // operands: the first one's, the second one's others
};

/// What a program is run as; made by scheduled() (schedule.hpp).
struct Schedule {
    std::vector<Step> steps;
    std::size_t registers = 0;
    std::vector<std::uint16_t> outputs;  // operands
    std::vector<std::uint8_t> is_read;   // of each given operand, whether any of this reads it
    // The constants, each as a strip.
    std::vector<double> constants;
    std::vector<float> constants_single;
};

struct Program {
    std::vector<Instruction> code;
    std::vector<double> constants;
    std::size_t registers = 0;
    std::vector<std::uint16_t> outputs;  // operands
    Schedule schedule;                   // of the same, once it was found valid
};

/// States that a mechanism may have.
inline constexpr std::size_t kMostStates = 24;

/// Inputs and derived columns that a mechanism may have.
inline constexpr std::size_t kMostInputs = 96;
inline constexpr std::size_t kMostParameters = 64;

/// Operands that a program may be given: the potential too.
inline constexpr std::size_t kMostGiven = 1 + kMostStates + kMostInputs;

/// Packs that a machine works on at once. Divides the rows that most blocks of the solver have.
inline constexpr std::size_t kStripPacks = 10;
inline constexpr std::size_t kStrip = kStripPacks * kLanes;

/// Registers and operands that a program may have, so that a machine fits on the stack.
inline constexpr std::size_t kMostRegisters = 48;
inline constexpr std::size_t kMostOperands = 768;

/// Amounts that a mechanism's own rates do not change: sum of weight times state.
struct Conserved {
    struct Term {
        std::uint16_t state;
        double weight;
    };
    std::vector<Term> terms;
};

/// A mechanism written as formulas. Programs but `setup` are given: v_mV, the states, the inputs
/// and the derived columns, in this order, and `receive` then its arguments; `setup` the inputs.
struct Expressions {
    std::size_t states = 0;
    /// Names of parameters, or v-independent things that the model knows: temperature_degC,
    /// diameter_um, e_<ion>_mV, <ion>_in_mM, <ion>_out_mM.
    std::vector<std::string> inputs;
    std::size_t derived = 0;
    std::vector<std::string> currents;  // ions, or "mixed"
    /// Where d(dx_i/dt)/dx_j is not 0: (0, 0), (1, 1) ... first, the others after.
    std::vector<Coupling> jacobian;
    std::vector<Conserved> conserved;
    // Per state: what it is held within, and whether that is 0 to 1.
    std::vector<double> lowest;
    std::vector<double> highest;
    std::vector<std::uint8_t> is_share;
    /// Whether `settle` gives steady states, not only where to start looking for them.
    bool is_settled = true;
    /// Per state: whether a run begins with what `settle` gives, steady or not.
    std::vector<std::uint8_t> is_given;

    /// What an event brings along, by name.
    std::vector<std::string> arguments;

    /// What it was compiled from, for whoever saves a model; not looked at here.
    std::string source;

    Program setup;      // derived columns
    Program settle;     // states
    Program relax;      // rates of change per ms, the jacobian's entries
    Program conduct;    // outward current in mA/cm2 (in nA at a point), its derivative by v
    Program change;     // rates of change, each ion's current
    Program linearise;  // rates of change, their derivatives by v, the jacobian's entries; the
                        // current, its derivatives by v and by each state
    Program receive;    // states after an event, or nothing; given the event's arguments, too
    Program split;      // of several currents, each: the current, its derivatives by v and by each
                        // state; empty where there are none or one

    /// What every program but `setup` is given.
    std::size_t given() const noexcept { return 1 + states + inputs.size() + derived; }
    /// Whether events mean anything to it.
    bool receives() const noexcept { return !receive.outputs.empty(); }
    bool is_coupled() const noexcept { return jacobian.size() > states; }
};

/// Where in the outputs of `linearise` what starts.
struct LinearisedAt {
    explicit LinearisedAt(const Expressions& e) noexcept
        : by_v(e.states),
          jacobian(2 * e.states),
          current(jacobian + e.jacobian.size()),
          current_by_v(current + 1),
          current_by_state(current + 2) {}

    std::size_t by_v;
    std::size_t jacobian;
    std::size_t current;
    std::size_t current_by_v;
    std::size_t current_by_state;
};

}  // namespace ranvier
