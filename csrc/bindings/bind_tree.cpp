#include <pybind11/numpy.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/solver/tree_solve.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Rows = py::array_t<std::int32_t, py::array::c_style | py::array::forcecast>;

template <class Each>
std::vector<Each> each_of(const Numbers& numbers) {
    std::vector<Each> found;
    for (const double number :
         std::span(numbers.data(), static_cast<std::size_t>(numbers.size()))) {
        found.push_back({{number}});
    }
    return found;
}

py::array_t<double> solve(const Rows& parent, const Numbers& diagonal, const Numbers& coupling,
                          const Numbers& rhs) {
    const std::span tree(parent.data(), static_cast<std::size_t>(parent.size()));
    bool fits = diagonal.size() == parent.size() && coupling.size() == parent.size() &&
                rhs.size() == parent.size();
    for (std::size_t i = 0; i < tree.size(); ++i) {
        fits = fits && tree[i] >= kNoParent && tree[i] < static_cast<std::int32_t>(i);
    }
    if (!fits) {
        throw ModelError("tree",
                         "has parents behind their children or columns that differ in "
                         "length, expected one row per compartment in tree order");
    }
    auto pivots = each_of<SymmetricBlock<1>>(diagonal);
    const auto couplings = each_of<Potentials<1>>(coupling);
    auto solved = each_of<Potentials<1>>(rhs);
    solve_tree<1>(tree, pivots, couplings, solved);
    std::vector<double> solution;
    for (const auto& each : solved) {
        solution.push_back(each[0]);
    }
    return copy_of(solution);
}

}  // namespace

void bind_tree(py::module_& m) {
    m.def("solve_tree", &solve, "parent"_a, "diagonal"_a, "coupling"_a, "rhs"_a,
          "One unknown per row of a tree, each (n,); see ranvier/solver/tree_solve.hpp.");
}

}  // namespace ranvier
