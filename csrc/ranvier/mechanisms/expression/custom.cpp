#include "ranvier/mechanisms/expression/custom.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/mechanisms/expression/schedule.hpp"
#include "ranvier/mechanisms/expression/states.hpp"

namespace ranvier {
namespace {

/// Everything that the entry's views look at.
struct Custom {
    CustomDescription description;
    std::vector<ParameterInfo> parameters;
    std::vector<GateInfo> gates;
    std::vector<Coupling> couplings;
    std::vector<IonRead> reads;
    Mechanism mechanism;
};

class Checker {
public:
    explicit Checker(const CustomDescription& description) : description_(description) {}

    void run() {
        const Expressions& e = description_.expressions;
        expect("states", e.states, kMostStates);
        expect("inputs", e.inputs.size() + e.derived + e.arguments.size(), kMostInputs);
        expect("parameters", description_.parameters.size(), kMostParameters);
        check_jacobian();
        check("setup", e.setup, e.inputs.size(), e.derived);
        check("settle", e.settle, e.given(), e.states);
        check("relax", e.relax, e.given(), e.states + e.jacobian.size());
        check("conduct", e.conduct, e.given(), 2);
        check("change", e.change, e.given(), e.states + e.currents.size());
        check("linearise", e.linearise, e.given(), 3 * e.states + e.jacobian.size() + 2);
        if (e.receives()) {
            check("receive", e.receive, e.given() + e.arguments.size(), e.states);
        }
        check("split", e.split, e.given(),
              e.currents.size() > 1 ? e.currents.size() * (2 + e.states) : 0);
        for (const Conserved& conserved : e.conserved) {
            for (const auto& term : conserved.terms) {
                if (term.state >= e.states) {
                    fail("an amount of state " + std::to_string(term.state) + " is conserved",
                         "below " + std::to_string(e.states));
                }
            }
        }
    }

private:
    [[noreturn]] void fail(const std::string& what, const std::string& expected) const {
        throw ModelError("mechanism " + quoted(description_.name), what + ", expected " + expected);
    }
    void expect(const std::string& what, std::size_t size, std::size_t most) const {
        if (size > most) {
            fail("has " + std::to_string(size) + " " + what, "at most " + std::to_string(most));
        }
    }

    void check_jacobian() const {
        const Expressions& e = description_.expressions;
        if (description_.states.size() != e.states || e.is_given.size() != e.states ||
            e.jacobian.size() < e.states) {
            fail("has no rate of change for some of its states", "one for each");
        }
        for (std::size_t i = 0; i < e.jacobian.size(); ++i) {
            const auto& [of, by] = e.jacobian[i];
            const bool is_first = i < e.states;
            if (of >= e.states || by >= e.states || is_first != (of == by) ||
                (is_first && of != i)) {
                fail("entry " + std::to_string(i) + " of its jacobian is (" + std::to_string(of) +
                         ", " + std::to_string(by) + ")",
                     "the diagonal in order, then pairs of different states");
            }
        }
    }

    void check(const std::string& name, const Program& program, std::size_t given,
               std::size_t outputs) const {
        const std::string subject = "its program " + name;
        const std::size_t first_register = given + program.constants.size();
        const std::size_t operands = first_register + program.registers;
        expect("registers in " + subject, program.registers, kMostRegisters);
        expect("operands in " + subject, operands, kMostOperands);
        if (program.outputs.size() != outputs) {
            fail(subject + " gives " + std::to_string(program.outputs.size()) + " numbers",
                 std::to_string(outputs));
        }
        std::vector<bool> is_known(operands);
        std::fill_n(is_known.begin(), first_register, true);
        const auto expect_known = [&](std::uint16_t operand) {
            if (operand >= operands || !is_known[operand]) {
                fail(subject + " reads operand " + std::to_string(operand),
                     "one that is given or was written before");
            }
        };
        for (const Instruction& instruction : program.code) {
            const auto op = static_cast<std::size_t>(instruction.op);
            if (op >= kOps) {
                fail(subject + " has instruction " + std::to_string(op),
                     "below " + std::to_string(kOps));
            }
            const std::size_t reads = operands_of(instruction.op);
            expect_known(instruction.a);
            if (reads > 1) {
                expect_known(instruction.b);
            }
            if (reads > 2) {
                expect_known(instruction.c);
            }
            if (instruction.to < first_register || instruction.to >= operands) {
                fail(subject + " writes operand " + std::to_string(instruction.to), "a register");
            }
            is_known[instruction.to] = true;
        }
        for (const std::uint16_t output : program.outputs) {
            expect_known(output);
        }
    }

    const CustomDescription& description_;
};

/// "na" and which of both, if the input is of an ion.
std::optional<IonRead> ion_read(std::string_view input) {
    constexpr std::string_view kBefore = "e_";
    constexpr std::string_view kAfter = "_mV";
    const std::size_t around = kBefore.size() + kAfter.size();
    if (input.starts_with(kBefore) && input.ends_with(kAfter) && input.size() > around) {
        return IonRead{input.substr(kBefore.size(), input.size() - around), true, false};
    }
    for (const std::string_view ending : {"_in_mM", "_out_mM"}) {
        if (input.ends_with(ending)) {
            return IonRead{input.substr(0, input.size() - ending.size()), false, true};
        }
    }
    return std::nullopt;
}

void fill_reads(const CustomDescription& description, std::vector<IonRead>& reads) {
    for (const std::string& input : description.expressions.inputs) {
        const bool is_parameter = std::ranges::any_of(
            description.parameters, [&](const auto& known) { return known.first == input; });
        const auto read = is_parameter ? std::nullopt : ion_read(input);
        if (!read) {
            continue;
        }
        const auto same = std::ranges::find(reads, read->ion, &IonRead::ion);
        if (same == reads.end()) {
            reads.push_back(*read);
        } else {
            same->reversal_potential |= read->reversal_potential;
            same->concentrations |= read->concentrations;
        }
    }
}

}  // namespace

std::shared_ptr<const Mechanism> make_custom(CustomDescription description) {
    Checker(description).run();
    auto custom = std::make_shared<Custom>();
    custom->description = std::move(description);
    auto& own = custom->description;
    Expressions& e = own.expressions;
    for (Program* program : {&e.settle, &e.relax, &e.conduct, &e.change, &e.linearise, &e.split}) {
        program->schedule = scheduled(*program, e.given());
    }
    e.setup.schedule = scheduled(e.setup, e.inputs.size());
    e.receive.schedule = scheduled(e.receive, e.given() + e.arguments.size());
    for (const auto& [name, value] : own.parameters) {
        custom->parameters.push_back({name, value});
    }
    for (const CustomState& state : own.states) {
        custom->gates.push_back(
            {.name = state.name, .power = 1, .lowest = state.lowest, .highest = state.highest});
        e.lowest.push_back(state.lowest);
        e.highest.push_back(state.highest);
        e.is_share.push_back(state.lowest == 0.0 && state.highest == 1.0 ? 1 : 0);
    }
    custom->couplings.assign(e.jacobian.begin() + static_cast<std::ptrdiff_t>(e.states),
                             e.jacobian.end());
    fill_reads(own, custom->reads);
    custom->mechanism = {.info = {.name = own.name,
                                  .summary = own.summary,
                                  .kind = own.kind,
                                  .parameters = custom->parameters,
                                  .gates = custom->gates,
                                  .reference_temperature_degC = own.reference_temperature_degC,
                                  .citation = own.citation,
                                  .couplings = custom->couplings,
                                  .reads = custom->reads,
                                  .is_point = own.is_point},
                         .kernels = kPlainExpressionKernels,
                         .expressions = &e};
    return {custom, &custom->mechanism};
}

}  // namespace ranvier
