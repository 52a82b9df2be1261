// The tree solve against the product with the dense matrix, on trees of every shape and size.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/solver/tree_solve.hpp"

using namespace ranvier;

namespace {

using Parents = std::vector<std::int32_t>;

/// A linear system as the solver takes it.
template <int layers>
struct Tree {
    Parents parent;
    std::vector<SymmetricBlock<layers>> diagonal;
    std::vector<Potentials<layers>> coupling;
    std::vector<Potentials<layers>> rhs;
};

/// The matrix of a cable with random conductances over four decades, as wide as a fibre's.
template <int layers>
Tree<layers> random_tree(Parents parent, std::mt19937_64& random) {
    std::uniform_real_distribution<double> decade(-2.0, 2.0);
    std::uniform_real_distribution<double> value(-1.0, 1.0);
    const std::size_t n = parent.size();
    Tree<layers> tree{std::move(parent), {}, {}, {}};
    tree.diagonal.resize(n);
    tree.coupling.resize(n);
    tree.rhs.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t layer = 0; layer < layers; ++layer) {
            tree.diagonal[i].at(layer, layer) += std::pow(10.0, decade(random));
            tree.rhs[i][layer] = value(random);
            // Some layers have no path to their parent, as under a closed paranode.
            const bool is_coupled = value(random) > -0.8;
            tree.coupling[i][layer] = is_coupled ? std::pow(10.0, decade(random)) : 0.0;
            if (tree.parent[i] != kNoParent) {
                const auto up = static_cast<std::size_t>(tree.parent[i]);
                tree.diagonal[i].at(layer, layer) += tree.coupling[i][layer];
                tree.diagonal[up].at(layer, layer) += tree.coupling[i][layer];
            }
        }
        if constexpr (layers == 2) {
            const double membrane = std::pow(10.0, decade(random));
            tree.diagonal[i].at(0, 0) += membrane;
            tree.diagonal[i].at(1, 0) -= membrane;
            tree.diagonal[i].at(1, 1) += membrane;
        }
    }
    return tree;
}

template <int layers>
std::vector<double> dense_matrix(const Tree<layers>& tree) {
    constexpr std::size_t each = layers;
    const std::size_t size = each * tree.parent.size();
    std::vector<double> matrix(size * size);
    for (std::size_t i = 0; i < tree.parent.size(); ++i) {
        for (std::size_t row = 0; row < each; ++row) {
            for (std::size_t column = 0; column < each; ++column) {
                matrix[(each * i + row) * size + each * i + column] =
                    tree.diagonal[i].at(std::max(row, column), std::min(row, column));
            }
            if (tree.parent[i] != kNoParent) {
                const std::size_t own = each * i + row;
                const std::size_t up = each * static_cast<std::size_t>(tree.parent[i]) + row;
                matrix[own * size + up] = matrix[up * size + own] = -tree.coupling[i][row];
            }
        }
    }
    return matrix;
}

/// |A x - b| over |A| |x| + |b|, in the largest row.
template <int layers>
double relative_residual(const Tree<layers>& tree, const std::vector<Potentials<layers>>& x) {
    constexpr std::size_t each = layers;
    const auto matrix = dense_matrix(tree);
    const std::size_t size = each * x.size();
    double worst = 0.0;
    for (std::size_t row = 0; row < size; ++row) {
        double sum = -tree.rhs[row / each][row % each];
        double scale = std::abs(sum);
        for (std::size_t column = 0; column < size; ++column) {
            const double term = matrix[row * size + column] * x[column / each][column % each];
            sum += term;
            scale += std::abs(term);
        }
        const double residual = std::abs(sum) / scale;
        if (!(residual <= worst)) {  // also where it is NaN
            worst = residual;
        }
    }
    return worst;
}

template <int layers>
void expect_solved(const std::string& shape, const Parents& parent, std::mt19937_64& random) {
    const auto tree = random_tree<layers>(parent, random);
    auto solved = tree;
    solve_tree<layers>(solved.parent, solved.diagonal, solved.coupling, solved.rhs);
    const auto expect_small = [&](double residual, const char* which) {
        check::expect(residual < 1e-13, __FILE__, __LINE__, shape, " of ", parent.size(), " with ",
                      layers, " potentials: residual of the ", which, " solution is ", residual,
                      ", expected below 1e-13");
    };
    expect_small(relative_residual(tree, solved.rhs), "first");
    // Another right-hand side with the same factors.
    auto again = tree;
    std::ranges::reverse(again.rhs);
    auto x = again.rhs;
    solve_tree_again<layers>(tree.parent, solved.diagonal, tree.coupling, x);
    expect_small(relative_residual(again, x), "second");
}

void expect_both_solved(const std::string& shape, const Parents& parent, std::mt19937_64& random) {
    expect_solved<1>(shape, parent, random);
    expect_solved<2>(shape, parent, random);
}

}  // namespace

TEST(random_trees_of_every_size) {
    std::mt19937_64 random(20240229);  // any seed; fixed so that a failure can be repeated
    for (std::size_t n = 1; n <= 300; n += n < 70 ? 1 : 23) {
        Parents parent{kNoParent};
        for (std::size_t i = 1; i < n; ++i) {
            // Mostly a chain, as axons are, with branches anywhere.
            const auto last = static_cast<std::int32_t>(i) - 1;
            const bool branches = std::uniform_int_distribution(0, 3)(random) == 0;
            parent.push_back(branches ? std::uniform_int_distribution(0, last)(random) : last);
        }
        expect_both_solved("random tree", parent, random);
    }
}

TEST(chain_star_and_separate_cables) {
    std::mt19937_64 random(1);
    Parents chain{kNoParent};
    Parents star{kNoParent};
    Parents cables;
    for (std::int32_t i = 1; i < 300; ++i) {
        chain.push_back(i - 1);
        star.push_back(0);
    }
    for (std::int32_t i = 0; i < 300; ++i) {
        cables.push_back(i % 50 == 0 ? kNoParent : i - 1);
    }
    expect_both_solved("chain", chain, random);
    expect_both_solved("star", star, random);
    expect_both_solved("six cables", cables, random);
    expect_both_solved("single compartments", Parents(300, kNoParent), random);
}

TEST(three_compartments_by_hand) {
    // (2 -1  0) x = (1, 0, 1) has the solution (1, 1, 1).
    Tree<1> tree{{kNoParent, 0, 1}, {{{2.0}}, {{2.0}}, {{2.0}}}, {{}, {1.0}, {1.0}}, {}};
    tree.rhs = {{1.0}, {0.0}, {1.0}};
    solve_tree<1>(tree.parent, tree.diagonal, tree.coupling, tree.rhs);
    for (const auto& x : tree.rhs) {
        CHECK_NEAR(x[0], 1.0, 1e-15);
    }
}

TEST(a_layer_that_is_known_stays_where_it_is) {
    // As at a node of Ranvier: row (0, 1), no coupling, right-hand side 0.
    std::mt19937_64 random(2);
    auto tree = random_tree<2>({kNoParent, 0, 1}, random);
    tree.diagonal[1].at(1, 0) = 0.0;
    tree.diagonal[1].at(1, 1) = 1.0;
    tree.coupling[1][1] = tree.coupling[2][1] = 0.0;
    tree.rhs[1][1] = 0.0;
    solve_tree<2>(tree.parent, tree.diagonal, tree.coupling, tree.rhs);
    CHECK(tree.rhs[1][1] == 0.0);
}

TEST(a_block_and_its_inverse_cancel) {
    SymmetricBlock<2> block{{3.0, -1.0, 2.0}};
    const auto inverted = inverse(block);
    const auto column = product(inverted, {3.0, -1.0});  // the block's first column
    CHECK_NEAR(column[0], 1.0, 1e-15);
    CHECK_NEAR(column[1], 0.0, 1e-15);
    CHECK(inverse(SymmetricBlock<1>{{4.0}}).entry[0] == 0.25);
}
