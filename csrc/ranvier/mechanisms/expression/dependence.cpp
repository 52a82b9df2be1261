#include "ranvier/mechanisms/expression/dependence.hpp"

#include <algorithm>
#include <cstddef>

namespace ranvier {
namespace {

/// Of what one instruction gives.
Dependence of_result(Op op, Dependence a, Dependence b, Dependence c) {
    const auto product = [](Dependence x, Dependence y) {
        const bool is_one_constant = x == Dependence::kNone || y == Dependence::kNone;
        return is_one_constant ? std::max(x, y) : Dependence::kAny;
    };
    const auto if_any = [](Dependence x) {
        return x == Dependence::kNone ? Dependence::kNone : Dependence::kAny;
    };
    switch (op) {
        case Op::kAdd:
        case Op::kSubtract:
            return std::max(a, b);
        case Op::kNegate:
            return a;
        case Op::kMultiply:
            return product(a, b);
        case Op::kDivide:
            return std::max(a, if_any(b));
        case Op::kMultiplyAdd:
        case Op::kMultiplyLess:
        case Op::kLessProduct:
            return std::max(product(a, b), c);
        case Op::kSelect:
            return a == Dependence::kNone ? std::max(b, c) : Dependence::kAny;
        default: {
            const std::size_t reads = operands_of(op);
            return if_any(std::max(a, reads > 1 ? b : Dependence::kNone));
        }
    }
}

/// Of all that programs but `setup` are given.
std::vector<Dependence> given_of(const Expressions& e, Dependence of_v, const IsLive& is_live) {
    std::vector<Dependence> inputs;
    for (const auto& input : e.inputs) {
        inputs.push_back(is_live && is_live(input) ? Dependence::kAny : Dependence::kNone);
    }
    std::vector<Dependence> given(1 + e.states, Dependence::kAny);
    given[0] = of_v;
    given.insert(given.end(), inputs.begin(), inputs.end());
    const auto derived = dependence(e.setup, inputs);
    given.insert(given.end(), derived.begin(), derived.end());
    return given;
}

}  // namespace

std::vector<Dependence> dependence(const Program& program, std::span<const Dependence> given) {
    std::vector<Dependence> of(given.begin(), given.end());
    of.resize(given.size() + program.constants.size() + program.registers, Dependence::kNone);
    for (const Instruction& instruction : program.code) {
        const std::size_t reads = operands_of(instruction.op);
        of[instruction.to] = of_result(instruction.op, of[instruction.a],
                                       reads > 1 ? of[instruction.b] : Dependence::kNone,
                                       reads > 2 ? of[instruction.c] : Dependence::kNone);
    }
    std::vector<Dependence> outputs;
    for (const std::uint16_t output : program.outputs) {
        outputs.push_back(of[output]);
    }
    return outputs;
}

bool is_affine_in_v(const Expressions& e) {
    if (e.states > 0) {
        return false;
    }
    const auto given = given_of(e, Dependence::kAffine, nullptr);
    if (dependence(e.conduct, given)[0] == Dependence::kAny) {
        return false;
    }
    // Of several currents each, for a sum of curves may be straight: the current and its slope.
    const auto each = dependence(e.split, given);
    for (std::size_t k = 0; k < each.size(); k += 2) {
        if (each[k] == Dependence::kAny) {
            return false;
        }
    }
    return true;
}

bool has_fixed_slope(const Expressions& e, const IsLive& is_live) {
    if (!is_affine_in_v(e)) {
        return false;
    }
    const auto given = given_of(e, Dependence::kAffine, is_live);
    // Of several currents each, for slopes that move may cancel in the sum.
    const auto each = dependence(e.split, given);
    for (std::size_t k = 1; k < each.size(); k += 2) {
        if (each[k] != Dependence::kNone) {
            return false;
        }
    }
    return dependence(e.conduct, given)[1] == Dependence::kNone;
}

}  // namespace ranvier
