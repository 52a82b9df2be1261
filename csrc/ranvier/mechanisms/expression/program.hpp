// Formulas that came at run time, as instructions over strips of numbers (see machine.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

/// Operands are numbered in one space: what the program is given, its constants, its registers.
struct Instruction {
    Op op;
    std::uint16_t to;  // a register
    std::uint16_t a;
    std::uint16_t b;
    std::uint16_t c;
};

struct Program {
    std::vector<Instruction> code;
    std::vector<double> constants;
    std::size_t registers = 0;
    std::vector<std::uint16_t> outputs;  // operands
    // The constants, each for all lanes of a pack; made by finish().
    std::vector<double> packed;
    std::vector<float> packed_single;
};

/// Inputs and derived columns that a mechanism may have.
inline constexpr std::size_t kMostInputs = 96;
inline constexpr std::size_t kMostParameters = 64;

/// Registers and operands that a program may have, so that a machine fits on the stack.
inline constexpr std::size_t kMostRegisters = 192;
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
/// and the derived columns, in this order; `setup` the inputs.
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

    /// What it was compiled from, for whoever saves a model; not looked at here.
    std::string source;

    Program setup;      // derived columns
    Program settle;     // states
    Program relax;      // rates of change per ms, the jacobian's entries
    Program conduct;    // outward current in mA/cm2, its derivative by v
    Program change;     // rates of change, each ion's current
    Program linearise;  // rates of change, their derivatives by v, the jacobian's entries; the
                        // current, its derivatives by v and by each state

    /// What every program but `setup` is given.
    std::size_t given() const noexcept { return 1 + states + inputs.size() + derived; }
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
