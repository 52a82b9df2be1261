// Direct solution of the tree-structured linear system of a cable, with one or more potentials per
// compartment.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ranvier/discretisation/discretisation.hpp"

namespace ranvier {

template <int layers>
using Potentials = std::array<double, static_cast<std::size_t>(layers)>;

/// A symmetric positive definite block, stored as its lower triangle by rows: 00, 10, 11, 20, ...
template <int layers>
struct SymmetricBlock {
    std::array<double, static_cast<std::size_t>(layers*(layers + 1) / 2)> entry{};

    double& at(std::size_t row, std::size_t column) noexcept {
        assert(column <= row);
        return entry[row * (row + 1) / 2 + column];
    }
    double at(std::size_t row, std::size_t column) const noexcept {
        return row >= column ? entry[row * (row + 1) / 2 + column]
                             : entry[column * (column + 1) / 2 + row];
    }
};

template <int layers>
SymmetricBlock<layers> inverse(const SymmetricBlock<layers>& block) noexcept {
    static_assert(layers == 1 || layers == 2, "three layers come with the extracellular space");
    if constexpr (layers == 1) {
        return {{1.0 / block.entry[0]}};
    } else {
        const auto& [a, b, c] = block.entry;
        const double inverse_determinant = 1.0 / (a * c - b * b);
        return {{c * inverse_determinant, -b * inverse_determinant, a * inverse_determinant}};
    }
}

template <int layers>
Potentials<layers> product(const SymmetricBlock<layers>& block,
                           const Potentials<layers>& x) noexcept {
    Potentials<layers> y{};
    for (std::size_t row = 0; row < x.size(); ++row) {
        for (std::size_t column = 0; column < x.size(); ++column) {
            y[row] += block.at(row, column) * x[column];
        }
    }
    return y;
}

namespace detail {

/// From the root to the tips: each row of rhs becomes pivot * (rhs + coupling * parent's).
template <int layers>
void substitute_back(std::span<const std::int32_t> parent,
                     std::span<const SymmetricBlock<layers>> pivots,
                     std::span<const Potentials<layers>> coupling,
                     std::span<Potentials<layers>> rhs) noexcept {
    for (std::size_t i = 0; i < parent.size(); ++i) {
        // The own part first: only the last product waits for the parent.
        auto solution = product(pivots[i], rhs[i]);
        if (parent[i] != kNoParent) {
            const auto& above = rhs[static_cast<std::size_t>(parent[i])];
            for (std::size_t row = 0; row < solution.size(); ++row) {
                for (std::size_t column = 0; column < solution.size(); ++column) {
                    solution[row] +=
                        pivots[i].at(row, column) * coupling[i][column] * above[column];
                }
            }
        }
        rhs[i] = solution;
    }
}

}  // namespace detail

/// Solves A x = rhs in place for a symmetric A whose blocks follow a tree (Hines 1984,
/// doi:10.1016/0020-7101(84)90008-4, there with one unknown per compartment).
///
/// Row i couples to itself and to parent[i] < i only, so eliminating from the tips to the root
/// makes no fill-in and the cost is linear in the number of compartments. The recursion runs along
/// the cable and cannot be vectorised. The coupling of each layer is to the same layer of the
/// parent: A[i][parent[i]] = -diag(coupling[i]), with coupling >= 0 as conductances are.
///
/// `diagonal` is overwritten (with the inverses of the pivots), `rhs` with the solution.
template <int layers>
void solve_tree(std::span<const std::int32_t> parent, std::span<SymmetricBlock<layers>> diagonal,
                std::span<const Potentials<layers>> coupling,
                std::span<Potentials<layers>> rhs) noexcept {
    const std::size_t n = parent.size();
    assert(diagonal.size() == n && coupling.size() == n && rhs.size() == n);

    for (std::size_t i = n; i-- > 0;) {
        diagonal[i] = inverse(diagonal[i]);
        if (parent[i] == kNoParent) {
            continue;
        }
        const auto up = static_cast<std::size_t>(parent[i]);
        const auto eliminated = product(diagonal[i], rhs[i]);
        for (std::size_t row = 0; row < eliminated.size(); ++row) {
            rhs[up][row] += coupling[i][row] * eliminated[row];
            for (std::size_t column = 0; column <= row; ++column) {
                // The couplings first: what waits for the pivot is then as short as it can be.
                diagonal[up].at(row, column) -=
                    coupling[i][row] * coupling[i][column] * diagonal[i].at(row, column);
            }
        }
    }
    detail::substitute_back<layers>(parent, diagonal, coupling, rhs);
}

/// Solves with another rhs after solve_tree(), whose `pivots` (its overwritten diagonal) it needs.
template <int layers>
void solve_tree_again(std::span<const std::int32_t> parent,
                      std::span<const SymmetricBlock<layers>> pivots,
                      std::span<const Potentials<layers>> coupling,
                      std::span<Potentials<layers>> rhs) noexcept {
    for (std::size_t i = parent.size(); i-- > 0;) {
        if (parent[i] == kNoParent) {
            continue;
        }
        const auto eliminated = product(pivots[i], rhs[i]);
        for (std::size_t row = 0; row < eliminated.size(); ++row) {
            rhs[static_cast<std::size_t>(parent[i])][row] += coupling[i][row] * eliminated[row];
        }
    }
    detail::substitute_back<layers>(parent, pivots, coupling, rhs);
}

}  // namespace ranvier
