// Ions that accumulate, of a fibre in lanes: what is kept between the moves of concentrations.
//
// Concentrations stand still for some steps and are then moved by the charge that passed. In
// between, what mechanisms read of them is constant. Charge comes from three sources. A current
// that bends, or that has gates, has sums of its own (OwnSums). One that is a straight line in v
// moves as much as at the mean potential, so that only the integral of v is wanted. Of rows that
// is added up; of the sheathed compartments in a link it follows from where their modes began and
// ended, and costs nothing per step (LiveLinks).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ranvier/solver/ion_steps.hpp"
#include "ranvier/solver/lanes/packs.hpp"

namespace ranvier {

template <class Real>
struct LaneIons {
    explicit LaneIons(const System& system) : steps(system) {}

    /// A mechanism in whose sums its one account is, where it is not empty.
    struct Curve {
        std::size_t account = 0;
        Packs<Real> sums;                 // four arrays by slot
        std::vector<std::int32_t> place;  // [row]
    };
    /// A mechanism whose currents are straight lines in v, which have a sum of their own in each
    /// row.
    struct Line {
        std::size_t mechanism;
        bool is_live;  // they change with concentrations
        bool turns;    // and their slopes do so too
        std::size_t account;
        std::vector<std::vector<double>> numbers;  // [account][at 0 mV in nA, slope in uS], [row]
        std::vector<double*> to;                   // those, or null where they stay as they are
    };
    /// A column of a mechanism that follows concentrations.
    struct LiveColumn {
        struct Cell {
            std::size_t to;
            std::size_t row;
        };
        Real* first;
        const double* from;
        std::vector<Cell> cells;
    };

    IonSteps steps;
    std::vector<Curve> curves;  // [mechanism]
    std::vector<Line> lines;
    std::vector<bool> is_line;         // [mechanism]
    Packs<Real> at_zero_nA, slope_uS;  // by slot: of all lines
    std::vector<LiveColumn> columns;
    /// [compartment]: by lines that follow concentrations, at 0 mV, when links were made.
    std::vector<double> reference_nA;

    double step_ms = 0.0;   // the step that is being taken
    bool is_shown = false;  // the columns and sources are those of the time

    /// What charges are found from, since they were begun to be counted.
    struct Counts {
        double since_ms = 0.0;
        bool has_before = false;
        std::vector<std::vector<double>> before_pC;  // [account][row]: if so, counted before that
        std::vector<Packs<Real>> charge_pC;          // [mechanism], by slot: of curves
        Packs<Real> row_mV_ms;                       // by slot: the integral of potentials
        Packs<Real> begun, driven, shift;            // [pack of links][mode], see LiveLinks
    };
    Counts counts;
    Counts copy;  // to go back to

    // Of links; by kind, or by pack.
    Packs<Real> basis, inverse_rate, lower, upper, rest_nA;
    Packs<Real> source_nA, shifted_nA, watched_rest_mV;
    std::vector<std::int32_t> each;  // 0, 1, 2 ...: every pack is of its own kind
    std::vector<std::pair<std::size_t, std::size_t>> sources;  // place in source_nA, compartment

    // Work, [compartment].
    std::vector<double> no_mV, current_nA, conductance_uS, mean_mV;
    /// By lines: of those that do not follow concentrations the current at 0 mV, of those that do,
    /// and the same of slopes.
    std::vector<double> fixed_nA, fixed_uS, live_nA, live_uS;
    Packs<Real> modes;
    std::vector<std::uint8_t> no_halves;
};

}  // namespace ranvier
