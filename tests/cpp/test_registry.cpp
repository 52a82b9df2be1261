// The registry holds every channel file, and every channel does what its metadata says.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/mechanisms/registry.hpp"

using namespace ranvier;

namespace {

/// Where the sources of this program are.
std::filesystem::path folder_of_channels() {
    const std::filesystem::path here(__FILE__);
    return here.parent_path() / ".." / ".." / "csrc" / "ranvier" / "mechanisms" / "channels";
}

std::vector<std::string> registered_names() {
    std::vector<std::string> names;
    for (const Mechanism* mechanism : mechanisms()) {
        names.emplace_back(mechanism->info.name);
    }
    return names;
}

/// Rows of one channel in every other compartment, each with numbers of its own.
class Patch {
public:
    Patch(const Mechanism& mechanism, std::size_t rows)
        : mechanism_(mechanism), factor_(mechanism.info.gates.size()) {
        const auto& info = mechanism.info;
        v_mV.resize(2 * rows);
        current_nA.resize(2 * rows);
        conductance_uS.resize(2 * rows);
        for (std::size_t i = 0; i < rows; ++i) {
            compartment.push_back(static_cast<std::int32_t>(2 * i + 1));
            v_mV[2 * i + 1] = -90.0 + 130.0 * static_cast<double>(i) / static_cast<double>(rows);
            e_mV.push_back(-70.0 + 0.1 * static_cast<double>(i));
            area.push_back(0.5 + 0.01 * static_cast<double>(i));
        }
        for (const auto& parameter : info.parameters) {
            auto& values = parameters.emplace_back();
            for (std::size_t i = 0; i < rows; ++i) {
                values.push_back(parameter.default_value * (1.0 + 0.001 * static_cast<double>(i)));
            }
        }
        for (std::size_t g = 0; g < info.gates.size(); ++g) {
            factor_[g] = 1.5 + 0.5 * static_cast<double>(g);
            auto& values = gates.emplace_back();
            for (std::size_t i = 0; i < rows; ++i) {
                values.push_back(static_cast<double>(i + 1) / static_cast<double>(rows + g + 1));
            }
        }
    }

    Rows rows() {
        parameter_pointers_.clear();
        gate_pointers_.clear();
        for (const auto& values : parameters) {
            parameter_pointers_.push_back(values.data());
        }
        for (auto& values : gates) {
            gate_pointers_.push_back(values.data());
        }
        return {.size = compartment.size(),
                .compartment = compartment.data(),
                .parameters = parameter_pointers_.data(),
                .gates = gate_pointers_.data(),
                .e_mV = mechanism_.info.ion.empty() ? nullptr : e_mV.data(),
                .rate_factor = factor_.data(),
                .nA_per_mA_cm2 = area.data()};
    }

    double v_at(std::size_t row) const { return v_mV[static_cast<std::size_t>(compartment[row])]; }
    double factor(std::size_t gate) const { return factor_[gate]; }

    std::vector<Rate<double>> rates(std::size_t row) const {
        std::vector<Rate<double>> rates(gates.size());
        mechanism_.kernels.rates(v_at(row), rates.data());
        return rates;
    }

    std::vector<std::int32_t> compartment;
    std::vector<double> v_mV;
    std::vector<double> current_nA;
    std::vector<double> conductance_uS;
    std::vector<double> e_mV;
    std::vector<double> area;
    std::vector<std::vector<double>> parameters;
    std::vector<std::vector<double>> gates;

private:
    const Mechanism& mechanism_;
    std::vector<double> factor_;
    std::vector<const double*> parameter_pointers_;
    std::vector<double*> gate_pointers_;
};

/// Calls `body(mechanism, patch)` for every mechanism on patches of ragged sizes.
template <class Body>
void for_each_patch(const Body& body) {
    for (const Mechanism* mechanism : mechanisms()) {
        for (const std::size_t rows : {0, 1, 2, 3, 7, 8, 63, 64, 65, 200}) {
            Patch patch(*mechanism, rows);
            body(*mechanism, patch);
        }
    }
}

void expect_near(const Mechanism& mechanism, const char* what, double actual, double expected,
                 double tolerance) {
    check::expect(std::abs(actual - expected) <= tolerance, __FILE__, __LINE__, mechanism.info.name,
                  ": ", what, " is ", actual, ", expected ", expected);
}

}  // namespace

TEST(every_channel_file_is_registered_under_its_own_name) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of_channels())) {
        if (entry.path().extension() == ".cpp") {
            files.push_back(entry.path().stem().string());
        }
    }
    std::ranges::sort(files);
    CHECK(!files.empty());
    CHECK(registered_names() == files);  // also: sorted, and no name twice
}

TEST(mechanisms_are_found_by_name) {
    for (const Mechanism* mechanism : mechanisms()) {
        CHECK(find_mechanism(mechanism->info.name) == mechanism);
    }
    CHECK(find_mechanism("") == nullptr);
    CHECK(find_mechanism("na_h") == nullptr);
}

TEST(metadata_is_complete) {
    for (const Mechanism* mechanism : mechanisms()) {
        const auto& info = mechanism->info;
        const std::string name(info.name);
        const auto expect = [&](bool holds, const char* what) {
            check::expect(holds, __FILE__, __LINE__, name, ": ", what);
        };
        expect(!info.summary.empty(), "has no summary");
        expect(info.citation.find("doi:10.") != std::string_view::npos, "cites no DOI");
        for (const auto& gate : info.gates) {
            expect(!gate.name.empty() && gate.power >= 1 && gate.q10 >= 1.0, "has an odd gate");
        }
        expect(std::ranges::count(info.parameters, std::string_view("g_bar_S_cm2"),
                                  &ParameterInfo::name) == 1,
               "has no g_bar_S_cm2");
    }
}

TEST(rates_are_finite_and_not_negative) {
    for (const Mechanism* mechanism : mechanisms()) {
        std::vector<Rate<double>> rates(mechanism->info.gates.size());
        for (int tenths = -2000; tenths <= 2000; ++tenths) {  // hits every whole millivolt
            mechanism->kernels.rates(tenths / 10.0, rates.data());
            for (const auto& [alpha, beta] : rates) {
                check::expect(std::isfinite(alpha) && std::isfinite(beta) && alpha >= 0.0 &&
                                  beta >= 0.0 && alpha + beta > 0.0,
                              __FILE__, __LINE__, mechanism->info.name, " at ", tenths / 10.0,
                              " mV: alpha ", alpha, ", beta ", beta);
            }
        }
    }
}

TEST(steady_state_is_where_opening_and_closing_balance) {
    for_each_patch([](const Mechanism& mechanism, Patch& patch) {
        mechanism.kernels.steady_state(patch.rows(), patch.v_mV.data());
        for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
            const auto rates = patch.rates(row);
            for (std::size_t g = 0; g < rates.size(); ++g) {
                const double sum = rates[g].alpha_per_ms + rates[g].beta_per_ms;
                expect_near(mechanism, "steady state", patch.gates[g][row],
                            rates[g].alpha_per_ms / sum, 1e-15);
            }
        }
    });
}

TEST(gates_move_exactly_for_a_constant_voltage) {
    for (const double dt_ms : {1e-6, 0.005, 0.3, 1e4}) {
        for_each_patch([&](const Mechanism& mechanism, Patch& patch) {
            const auto before = patch.gates;
            mechanism.kernels.advance(patch.rows(), patch.v_mV.data(), dt_ms);
            for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
                const auto rates = patch.rates(row);
                for (std::size_t g = 0; g < rates.size(); ++g) {
                    const double sum = rates[g].alpha_per_ms + rates[g].beta_per_ms;
                    const double end = rates[g].alpha_per_ms / sum;
                    const double left = std::exp(-sum * patch.factor(g) * dt_ms);
                    expect_near(mechanism, "gate", patch.gates[g][row],
                                end + (before[g][row] - end) * left, 2e-15);
                }
            }
        });
    }
}

TEST(current_is_conductance_times_driving_force) {
    for_each_patch([](const Mechanism& mechanism, Patch& patch) {
        std::ranges::fill(patch.current_nA, 3.0);
        std::ranges::fill(patch.conductance_uS, 5.0);
        mechanism.kernels.current(patch.rows(), patch.v_mV.data(), patch.current_nA.data(),
                                  patch.conductance_uS.data());
        const auto& info = mechanism.info;
        const auto parameter = [&](std::string_view name, std::size_t row) {
            const auto found = std::ranges::find(info.parameters, name, &ParameterInfo::name);
            return patch.parameters[static_cast<std::size_t>(found - info.parameters.begin())][row];
        };
        for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
            double open = 1.0;
            for (std::size_t g = 0; g < info.gates.size(); ++g) {
                open *= std::pow(patch.gates[g][row], info.gates[g].power);
            }
            const double e_mV = info.ion.empty() ? parameter("e_leak_mV", row) : patch.e_mV[row];
            const double g_uS = parameter("g_bar_S_cm2", row) * patch.area[row] * open;
            const double i_nA = g_uS * (patch.v_at(row) - e_mV);
            const auto c = static_cast<std::size_t>(patch.compartment[row]);
            // Added to what was there; 5 is rounded to 9e-16.
            expect_near(mechanism, "current", patch.current_nA[c], 3.0 + i_nA,
                        1e-14 * std::abs(i_nA) + 2e-15);
            expect_near(mechanism, "conductance", patch.conductance_uS[c], 5.0 + g_uS,
                        1e-14 * g_uS + 2e-15);
            CHECK(patch.current_nA[c - 1] == 3.0 && patch.conductance_uS[c - 1] == 5.0);
        }
    });
}

namespace {

/// Where linearise() writes, and where change() does. Filled with rubbish that must be overwritten.
class Slopes {
public:
    explicit Slopes(const Patch& patch) {
        for (auto& array : value) {
            array.assign(patch.gates.size(), std::vector<double>(patch.compartment.size(), 1e9));
        }
    }

    double* const* pointers(std::size_t which) {
        pointers_[which].clear();
        for (auto& gate : value[which]) {
            pointers_[which].push_back(gate.data());
        }
        return pointers_[which].data();
    }
    GateSlopes all() { return {pointers(0), pointers(1), pointers(2), pointers(3)}; }

    enum { kRate, kRateByV, kDecay, kCurrent };
    std::array<std::vector<std::vector<double>>, 4> value;  // [which][gate][row]

private:
    std::array<std::vector<double*>, 4> pointers_;
};

struct Change {
    std::vector<std::vector<double>> rate_per_ms;  // [gate][row]
    std::vector<double> current_nA;                // per compartment
};

/// With nothing else to write to: change() may not.
Change change_of(const Mechanism& mechanism, Patch& patch) {
    Slopes to(patch);
    std::ranges::fill(patch.current_nA, 0.0);
    mechanism.kernels.change(patch.rows(), patch.v_mV.data(),
                             {to.pointers(Slopes::kRate), nullptr, nullptr, nullptr},
                             patch.current_nA.data(), nullptr);
    return {to.value[Slopes::kRate], patch.current_nA};
}

}  // namespace

TEST(change_is_what_rates_and_current_imply) {
    for_each_patch([](const Mechanism& mechanism, Patch& patch) {
        const Change found = change_of(mechanism, patch);
        std::ranges::fill(patch.current_nA, 0.0);
        std::ranges::fill(patch.conductance_uS, 0.0);
        mechanism.kernels.current(patch.rows(), patch.v_mV.data(), patch.current_nA.data(),
                                  patch.conductance_uS.data());
        for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
            const auto rates = patch.rates(row);
            for (std::size_t g = 0; g < rates.size(); ++g) {
                const auto [alpha, beta] = rates[g];
                const double x = patch.gates[g][row];
                const double expected = patch.factor(g) * (alpha * (1.0 - x) - beta * x);
                expect_near(mechanism, "rate", found.rate_per_ms[g][row], expected,
                            1e-14 * patch.factor(g) * (alpha + beta));
            }
            const auto c = static_cast<std::size_t>(patch.compartment[row]);
            expect_near(mechanism, "current", found.current_nA[c], patch.current_nA[c],
                        1e-14 * std::abs(patch.current_nA[c]));
            CHECK(found.current_nA[c - 1] == 0.0);
        }
        // In the steady state nothing changes.
        mechanism.kernels.steady_state(patch.rows(), patch.v_mV.data());
        const Change steady = change_of(mechanism, patch);
        for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
            const auto rates = patch.rates(row);
            for (std::size_t g = 0; g < rates.size(); ++g) {
                const double sum = rates[g].alpha_per_ms + rates[g].beta_per_ms;
                expect_near(mechanism, "steady rate", steady.rate_per_ms[g][row], 0.0,
                            1e-14 * patch.factor(g) * sum);
            }
        }
    });
}

TEST(change_and_linearise_add_currents_and_overwrite_the_rest) {
    for_each_patch([](const Mechanism& mechanism, Patch& patch) {
        const Change plain = change_of(mechanism, patch);
        Slopes first(patch);
        std::ranges::fill(patch.current_nA, 3.0);
        std::ranges::fill(patch.conductance_uS, 5.0);
        mechanism.kernels.linearise(patch.rows(), patch.v_mV.data(), first.all(),
                                    patch.current_nA.data(), patch.conductance_uS.data());
        for (std::size_t c = 0; c < patch.current_nA.size(); ++c) {
            expect_near(mechanism, "current", patch.current_nA[c], 3.0 + plain.current_nA[c],
                        1e-14 * std::abs(plain.current_nA[c]) + 2e-15);
            CHECK(c % 2 == 1 || patch.conductance_uS[c] == 5.0);
        }
        for (std::size_t g = 0; g < patch.gates.size(); ++g) {
            for (std::size_t row = 0; row < patch.compartment.size(); ++row) {
                const auto rates = patch.rates(row)[g];
                const double sum = patch.factor(g) * (rates.alpha_per_ms + rates.beta_per_ms);
                expect_near(mechanism, "rate", first.value[Slopes::kRate][g][row],
                            plain.rate_per_ms[g][row], 1e-14 * sum);
                for (const auto& array : first.value) {
                    CHECK(std::abs(array[g][row]) < 1e8);  // not the rubbish
                }
            }
        }
        // A second time, on top of the first, the same numbers to the bit.
        Slopes second(patch);
        mechanism.kernels.linearise(patch.rows(), patch.v_mV.data(), second.all(),
                                    patch.current_nA.data(), patch.conductance_uS.data());
        CHECK(second.value == first.value);
    });
}

TEST(linearise_gives_the_derivatives_of_change) {
    constexpr double kStep_mV = 1e-3;
    constexpr double kStep = 1e-5;
    for (const Mechanism* each : mechanisms()) {
        const Mechanism& mechanism = *each;
        for (const std::size_t rows : {1, 65, 200}) {
            Patch patch(mechanism, rows);
            Slopes slopes(patch);
            std::ranges::fill(patch.current_nA, 0.0);
            std::ranges::fill(patch.conductance_uS, 0.0);
            mechanism.kernels.linearise(patch.rows(), patch.v_mV.data(), slopes.all(),
                                        patch.current_nA.data(), patch.conductance_uS.data());
            const auto conductance_uS = patch.conductance_uS;

            // By v: every row at once, since none knows of another.
            const auto v_mV = patch.v_mV;
            const auto at = [&](double shift_mV) {
                for (std::size_t c = 0; c < v_mV.size(); ++c) {
                    patch.v_mV[c] = v_mV[c] + shift_mV;
                }
                return change_of(mechanism, patch);
            };
            const Change above = at(kStep_mV);
            const Change below = at(-kStep_mV);
            patch.v_mV = v_mV;
            for (std::size_t row = 0; row < rows; ++row) {
                const auto c = static_cast<std::size_t>(patch.compartment[row]);
                const double by_v = (above.current_nA[c] - below.current_nA[c]) / (2.0 * kStep_mV);
                expect_near(mechanism, "conductance", conductance_uS[c], by_v,
                            1e-9 * (1.0 + std::abs(by_v)));
                for (std::size_t g = 0; g < patch.gates.size(); ++g) {
                    const double slope =
                        (above.rate_per_ms[g][row] - below.rate_per_ms[g][row]) / (2.0 * kStep_mV);
                    expect_near(mechanism, "rate by v", slopes.value[Slopes::kRateByV][g][row],
                                slope, 1e-8 * (1.0 + std::abs(slope)));
                }
            }

            // By each gate: no gate's rate knows of another gate, the current of all.
            for (std::size_t g = 0; g < patch.gates.size(); ++g) {
                const auto gate = patch.gates[g];
                const auto shifted = [&](double shift) {
                    for (std::size_t row = 0; row < rows; ++row) {
                        patch.gates[g][row] = gate[row] + shift;
                    }
                    return change_of(mechanism, patch);
                };
                const Change more = shifted(kStep);
                const Change less = shifted(-kStep);
                patch.gates[g] = gate;
                for (std::size_t row = 0; row < rows; ++row) {
                    const auto c = static_cast<std::size_t>(patch.compartment[row]);
                    const double by_gate =
                        (more.current_nA[c] - less.current_nA[c]) / (2.0 * kStep);
                    expect_near(mechanism, "current by gate",
                                slopes.value[Slopes::kCurrent][g][row], by_gate,
                                1e-8 * (1.0 + std::abs(by_gate)));
                    const double decay =
                        (less.rate_per_ms[g][row] - more.rate_per_ms[g][row]) / (2.0 * kStep);
                    expect_near(mechanism, "decay", slopes.value[Slopes::kDecay][g][row], decay,
                                1e-8 * (1.0 + std::abs(decay)));
                    for (std::size_t other = 0; other < patch.gates.size(); ++other) {
                        CHECK(other == g ||
                              more.rate_per_ms[other][row] == less.rate_per_ms[other][row]);
                    }
                }
            }
        }
    }
}
