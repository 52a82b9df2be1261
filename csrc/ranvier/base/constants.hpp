// Physical constants and the unit factors between what people type and what the solver adds up.
#pragma once

namespace ranvier {

inline constexpr double kPi = 3.14159265358979323846;

// Exact in the SI of 2019 (CODATA 2018, doi:10.1103/RevModPhys.93.025010).
inline constexpr double kGasConstant_J_per_mol_K = 8.31446261815324;
inline constexpr double kFaraday_C_per_mol = 96485.33212331001;
inline constexpr double kZeroCelsius_K = 273.15;

// Solver units: mV, ms, nA, uS, nF. One density (mA/cm2, or S/cm2) over one um2 is 0.01 nA (uS).
inline constexpr double k_nF_per_uF_cm2_um2 = 1e-5;
inline constexpr double k_uS_per_S_cm2_um2 = 1e-2;
inline constexpr double k_um_ohm_cm_per_Mohm = 1e2;  // 1 ohm cm over 1 um is 1e4 ohm = 0.01 Mohm

}  // namespace ranvier
