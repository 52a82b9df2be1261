// The table of plain functions that serves every mechanism written as expressions: what differs is
// in Rows::expressions.
#pragma once

#include "ranvier/mechanisms/mechanism.hpp"

namespace ranvier {

extern const MechanismKernels kPlainExpressionKernels;

/// Runs `setup` on `rows` rows of the inputs, [input][row], and writes what it gives,
/// [column][row].
void set_up_expressions(const Expressions& expressions, const InputColumn* inputs, std::size_t rows,
                        double* const* derived) noexcept;

/// Sets the states of a mechanism that receives events to what one makes of them. As for kernels.
void receive(const Rows& rows, const double* v_mV, const double* arguments) noexcept;

/// Of a mechanism with several currents: writes each one's outward current in nA, its derivatives
/// by v and by each state to [current, slope][row], where that is not null. Of one with a single
/// current, that and its derivative by v.
void split_currents(const Rows& rows, const double* v_mV, double* const* to) noexcept;

}  // namespace ranvier
