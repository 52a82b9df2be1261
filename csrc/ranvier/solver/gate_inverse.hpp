// (1/tau - J)^-1 of the gates of one mechanism, row by row: a division each, or where gates depend
// on each other a small elimination. No pivots: of rates that lead from state to state, 1/tau - J
// has dominant columns.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Factors an n by n matrix, by rows, in place.
inline void factor(std::span<double> matrix, std::size_t n) noexcept {
    const auto at = [&](std::size_t i, std::size_t j) -> double& { return matrix[i * n + j]; };
    for (std::size_t k = 0; k < n; ++k) {
        at(k, k) = 1.0 / at(k, k);
        for (std::size_t i = k + 1; i < n; ++i) {
            at(i, k) *= at(k, k);
            for (std::size_t j = k + 1; j < n; ++j) {
                at(i, j) -= at(i, k) * at(k, j);
            }
        }
    }
}

/// Solves with what factor() made, in place.
inline void solve(std::span<const double> factored, std::span<double> x) noexcept {
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            x[i] -= factored[i * n + j] * x[j];
        }
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t j = i + 1; j < n; ++j) {
            x[i] -= factored[i * n + j] * x[j];
        }
        x[i] *= factored[i * n + i];
    }
}

/// Writes 1/tau - J of one row into `matrix`, n by n, and factors it. `decay(g)` and `coupling(k)`
/// are those of the row.
template <class Decay, class CouplingOf>
void factor_row(std::span<double> matrix, std::span<const Coupling> couplings, std::size_t n,
                double inverse_tau, const Decay& decay, const CouplingOf& coupling) noexcept {
    for (double& entry : matrix) {
        entry = 0.0;
    }
    for (std::size_t g = 0; g < n; ++g) {
        matrix[g * n + g] = inverse_tau + decay(g);
    }
    for (std::size_t k = 0; k < couplings.size(); ++k) {
        matrix[couplings[k].of * n + couplings[k].by] = -coupling(k);
    }
    factor(matrix, n);
}

class GateInverse {
public:
    explicit GateInverse(const SystemMechanism& mechanism)
        : couplings_(mechanism.mechanism->info.couplings),
          gates_(mechanism.mechanism->info.gates.size()),
          rows_(mechanism.table->compartment.size()),
          factors_((couplings_.empty() ? gates_ : gates_ * gates_) * rows_),
          row_(gates_) {}

    /// Of mechanism m in `linear`.
    void set(const Linearisation& linear, std::size_t m, double inverse_tau) noexcept {
        const auto& gates = linear.gates[m];
        if (couplings_.empty()) {
            for (std::size_t g = 0; g < gates_; ++g) {
                for (std::size_t row = 0; row < rows_; ++row) {
                    factors_[g * rows_ + row] = 1.0 / (inverse_tau + gates[g].decay_per_ms[row]);
                }
            }
            return;
        }
        for (std::size_t row = 0; row < rows_; ++row) {
            factor_row(
                of_row(row), couplings_, gates_, inverse_tau,
                [&](std::size_t g) { return gates[g].decay_per_ms[row]; },
                [&](std::size_t k) { return linear.couplings_per_ms[m][k][row]; });
        }
    }

    /// In place; `column(g)` is a vector with a number for each row.
    template <class Columns>
    void apply(const Columns& column) noexcept {
        if (couplings_.empty()) {
            for (std::size_t g = 0; g < gates_; ++g) {
                std::vector<double>& own = column(g);
                for (std::size_t row = 0; row < rows_; ++row) {
                    own[row] *= factors_[g * rows_ + row];
                }
            }
            return;
        }
        for (std::size_t row = 0; row < rows_; ++row) {
            for (std::size_t g = 0; g < gates_; ++g) {
                row_[g] = column(g)[row];
            }
            solve(of_row(row), row_);
            for (std::size_t g = 0; g < gates_; ++g) {
                column(g)[row] = row_[g];
            }
        }
    }

private:
    std::span<double> of_row(std::size_t row) noexcept {
        return {&factors_[row * gates_ * gates_], gates_ * gates_};
    }

    std::span<const Coupling> couplings_;
    std::size_t gates_;
    std::size_t rows_;
    std::vector<double> factors_;  // [gate][row], or with couplings [row][gate][gate]
    std::vector<double> row_;
};

}  // namespace ranvier
