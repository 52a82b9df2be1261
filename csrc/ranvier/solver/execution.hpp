// How a run is carried out, as opposed to what it computes.
#pragma once

#include <cstdint>
#include <string>

#include "ranvier/lanes/isa.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

enum class Solver : std::uint8_t {
    kAuto,   // lanes where the method and the model have them
    kPlain,  // one compartment after the other: the oracle
    kLanes,
};

enum class Precision : std::uint8_t { kDouble, kSingle };

struct Execution {
    Solver solver = Solver::kAuto;
    Precision precision = Precision::kDouble;
    int threads = 1;
};

/// What a run was carried out with in the end.
struct ExecutionUsed {
    Solver solver = Solver::kPlain;
    Precision precision = Precision::kDouble;
    int threads = 1;
    Isa isa = Isa::kBase;
    /// Of a windowed run: the part of the steps of blocks that was taken, and the largest error
    /// estimate of those that were longer than dt.
    double share_solved = 1.0;
    double worst_mV = 0.0;
};

}  // namespace ranvier
