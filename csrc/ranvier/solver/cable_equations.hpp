// The spatial part of the equations, shared by every implicit method and by the search for rest.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ranvier/drive/drive.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"
#include "ranvier/solver/tree_solve.hpp"

namespace ranvier {

/// Kirchhoff's current law for each potential of each compartment, and its linearisation.
///
/// With C_a, I the capacitance and ionic current of the axolemma, C_m, g_m those of the myelin, and
/// v_ext = 0 outside:
///   axoplasm    C_a d(v_i - v_p)/dt + I(v_i - v_p)                    = sum G_i dv_i + I_drive
///   periaxonal  C_m dv_p/dt + g_m v_p - [C_a d(v_i - v_p)/dt + I]     = sum G_p dv_p
/// which is the double cable of Halter & Clark 1991 (J Theor Biol 148:345-382). Where the
/// periaxonal space is open or absent, v_p = 0 and the second row is empty.
template <int layers>
class CableEquations {
public:
    explicit CableEquations(const System& system);

    /// rhs = current into each potential that nothing stores yet: minus the ionic `current_nA`,
    /// plus what flows in along the cable and through the myelin.
    void set_imbalance(const State& state, std::span<const double> current_nA) noexcept;

    /// Adds the mean of the drives over the step to the axoplasm.
    void add_drives(std::span<const Drive> drives, double from_ms, double to_ms) noexcept;

    /// Adds the drives as they are at the share `at` of the step, 0 to 1; see
    /// PiecewiseLinear::line().
    void add_drives_at(std::span<const Drive> drives, double from_ms, double to_ms,
                       double at) noexcept;

    /// rhs += factor C x: the current that would move what is stored by x, `factor` times per ms.
    void add_stored(double factor_per_ms, std::span<const Potentials<layers>> x) noexcept;

    /// matrix = shift C + G + dI/dv; `shift_per_ms` is 1/dt for backward Euler.
    void set_matrix(double shift_per_ms, std::span<const double> conductance_uS) noexcept;

    /// Replaces rhs by matrix^-1 rhs, and the matrix by its factors.
    void solve() noexcept { solve_tree<layers>(parent_, diagonal_, coupling_, rhs_); }

    /// Replaces another rhs by matrix^-1 rhs, with the factors that solve() left.
    void solve_again() noexcept { solve_tree_again<layers>(parent_, diagonal_, coupling_, rhs_); }

    /// Adds `factor` times rhs to the potentials.
    void add_solution(State& state, double factor) const noexcept;

    std::span<const Potentials<layers>> rhs() const noexcept { return rhs_; }

private:
    const System& system_;
    std::span<const std::int32_t> parent_;
    std::vector<Potentials<layers>> axial_sum_uS_;  // of all neighbours, per layer
    std::vector<Potentials<layers>> coupling_;      // to the parent, 0 where either end is known
    std::vector<SymmetricBlock<layers>> diagonal_;
    std::vector<Potentials<layers>> rhs_;
};

}  // namespace ranvier
