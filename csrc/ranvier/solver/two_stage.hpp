// The numbers of the two-stage method that rosenbrock2 and staggered_sdirk2 share: SDIRK2
// (Alexander 1977, doi:10.1137/0714068), L-stable and stiffly accurate.
#pragma once

namespace ranvier {

inline constexpr double kGamma = 0.29289321881345247560;  // 1 - 1/sqrt 2
/// Of the first stage in the second.
inline constexpr double kEcho = (1.0 - kGamma) / kGamma;

/// Of the capacitive conductance C/(g dt), what an activating gate may take away at most. Without
/// this the matrix of a step that is far too long for the sodium gate would be singular. Such a
/// step is inaccurate, and one of several gate time constants may still overshoot by a lot.
inline constexpr double kMostActivation = 0.75;

}  // namespace ranvier
