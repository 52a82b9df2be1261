"""Every tolerance of the suite: what it bounds, what was measured, and why it is not smaller.

A comparison that is exact in exact arithmetic is bounded by rounding; one with a formula by the
order of the scheme at the mesh and step of the test; one with a simulator by what that simulator
does differently. Measured on x86-64 with GCC 12; the room left is for other compilers.
"""

from __future__ import annotations

# Rounding.

#: Two ways to add up the same few numbers. Measured 5e-16, and 1e-13 where a step's currents are
#: compared with what 100 mV would drive between two compartments.
ROUNDING_RELATIVE = 1e-12
#: Charge injected against stored and leaked, over a whole run. Measured below 1e-12.
CHARGE_RELATIVE = 1e-12
#: Charge of one step into one compartment, out of 0.1 pC. Measured 4e-17.
CHARGE_pC = 1e-15
#: A tree of the 3/2 rule against its cylinder, for 400 steps. Measured 7e-15.
EQUIVALENT_CYLINDER_mV = 1e-11
#: Transfer resistance both ways, after an elimination in two orders. Measured below 1e-12.
RECIPROCITY_RELATIVE = 1e-11
#: A dense solve of 80 unknowns whose conductances span five decades. Measured 1e-12.
DENSE_SOLVE_mV = 1e-9
#: A mode of the mesh loses up to 1/(1 + 0.08) in each of 100 steps; what is left carries the
#: rounding of the start. Measured below 1e-12.
MODE_ON_THE_MESH_RELATIVE = 1e-9
#: A gate at constant potential against the exponential, 20 steps. Measured 4e-16.
GATE_RELAXATION = 1e-12
#: The current at the reversal potential against that 20 mV beside it.
#: Measured 1e-14.
REVERSAL_RELATIVE = 1e-12
#: Slope of the current, from a difference of 0.5 mV: 1e-16 over 1e-3. Measured below 1e-12.
CONDUCTANCE_RELATIVE = 1e-8
#: Sums over the compartments of two meshes of one fibre. Measured 4e-16.
MESH_TOTALS_RELATIVE = 1e-11
#: Two axons of which one is the other scaled: the same numbers up to powers of a square root.
#: Measured below 1e-12.
SCALED_VELOCITY_RELATIVE = 1e-9
#: 200 to 2000 steps from the found rest. Newton stops at moves of 1e-12 mV, but potentials against
#: ground under a sheath are worse conditioned, and lanes keep them as modes. Measured 1.5e-9.
REST_DRIFT_mV = 3e-9

#: Rates of the library against the published expressions, which in places lose digits that ours
#: keep (132.05 - 132.05/(1 + e^x)). Measured 3e-10.
PUBLISHED_RATE_RELATIVE = 1e-9

#: A fibre's velocity by default against the one that it is listed with, which is the limit in
#: small steps. Measured up to 3.6e-3, of the double cables.
LISTED_VELOCITY_RELATIVE = 5e-3
#: The rest that a fibre is listed with, of two decimals or three.
LISTED_REST_mV = 0.02

#: One second at rest against 100 mV, and against 1 for a gate; the issue's bound. Measured 2e-15.
REST_MOVEMENT = 1e-6
#: The slowest or fastest mode among others that are as slow, from its bracket; alone it is exact,
#: while the oracle's differences of rates leave 1e-8. Measured 0.005.
GROWTH_RATE_RELATIVE = 1e-2


#: The opening and the closing rate of a gate that is given by its steady state, against their sum:
#: one digit or two of a number next to 1.
ROUNDED_RATE_RELATIVE = 4e-15


def RATE_BEND_RELATIVE(spacing_mV: float) -> float:
    """Second difference of a rate over its value: rates are exponentials of at most v / 1 mV.

    The rest is rounding, of which a quotient taken too close to 0/0 leaves 1e-10 and more. An
    18th power, as among the squid's rates, has that of its base 18 times.
    """
    return 1.5e-14 + 4.0 * spacing_mV**2


#: Lanes against the plain solver over a spike, in another order of summation and, under a sheath,
#: another basis. Measured 6.5e-9 for MRG cut finer, 4e-13 without a sheath. Currents relative to
#: the largest, gates as they are.
LANES_mV = 5e-8
#: Concentrations by the same two, and charges of each current against the largest of a compartment.
#: Measured 7e-12 and 3e-12.
LANES_mM = 1e-10
LANES_CHARGE_RELATIVE = 1e-10
#: Concentrations of a fibre at rest after 1000 steps: under a sheath they go by potentials that are
#: no better than REST_DRIFT_mV. Measured 6e-12.
LIVING_REST_RELATIVE = 5e-11
#: When a potential crosses a threshold, by the same two. Measured 1e-12.
LANES_ms = 1e-9
#: The same under a sheath, where lanes draw a straight line through a step of 5 us. Measured
#: 2.3e-4.
LANES_STRAIGHT_ms = 5e-4
#: Lanes in single precision against double, 1 ms with a spike. Measured 4e-4.
LANES_SINGLE_mV = 5e-3


# Formulas of the membrane potential.

#: Potentials by one formula against another, of some 100 mV. Measured 3e-14.
FORMULA_mV = 1e-12
#: Other quantities by two formulas of a few terms. Measured 5e-15.
FORMULA_RELATIVE = 1e-12
#: Charge of either side in Donnan's equilibrium, of some 300 mM; the issue's bound. Measured 9e-14,
#: and 2e-11 of an outside of which there is a thousandth of the inside.
DONNAN_mM = 1e-10
#: The same of electrochemical potentials. Measured 2e-15.
DONNAN_kJ_mol = 1e-10
#: A constant-field current's slope against a central difference of 1e-3 mV, which bends by
#: (1e-3 z / 26.7)^2 / 6 and rounds by 1e-16 of the current over 1e-3. Measured 7e-10, of calcium
#: where it goes out.
GHK_SLOPE_RELATIVE = 3e-9
#: An equivalent circuit against SciPy's integrator at rtol 1e-11. Measured 5e-10.
CIRCUIT_mV = 1e-8
#: Potentials that are quoted with two decimals, or with one.
TWO_DECIMALS_mV = 0.005001
ONE_DECIMAL_mV = 0.05001


# Numbers printed in papers, to their last digit.

PRINTED_8_DIGITS_RELATIVE = 5e-8
PRINTED_Mohm = 6e-4
PRINTED_REST_mV = 5e-6

# Formulas: second order in the mesh, and in the step after Richardson's extrapolation.

#: 1001 compartments per half to two length constants. Measured 3e-7, all of it h^2.
SPACE_1000_RELATIVE = 1e-6
#: 500 compartments per length constant on either side of the electrode. Measured 5e-7.
SPACE_500_RELATIVE = 2e-6
#: A step into a cable of 400 compartments per length constant, in units of its steady deflection,
#: which is steepest at the first instants. Measured 8e-7.
STEP_RESPONSE = 1e-5
#: Rallpack 1 at 1000 compartments and 2 at 1023, extrapolated from 0.1 ms. Measured 1e-5, 7e-5.
RALLPACK_1_mV = 1e-4
RALLPACK_2_mV = 5e-4
#: The same against the published values, which are at the ends and not at the outermost centres:
#: I r dx / 2 is 0.064 mV and 0.008 mV.
RALLPACK_1_END_mV = 0.07
RALLPACK_2_END_mV = 0.01
#: Upward crossings of NEURON at 1 us and 1000 compartments; here 300, extrapolated. Measured 0.015.
RALLPACK_3_ms = 0.02
#: (4 pi / 501)^2 / 12 for the highest mode, 5.2e-5.
MODE_RELATIVE = 6e-5
#: 400 to 1600 steps per period, extrapolated twice. Measured 1e-5 at the far end at 1 kHz.
IMPEDANCE_RELATIVE = 1e-4
#: The uniform double cable, whose shorter length constant has 20 compartments. Measured 2e-6.
DOUBLE_CABLE_SPACE_RELATIVE = 1e-5
#: Observed orders; the issue's bound. Measured 0.05 at most.
ORDER = 0.1
#: The issue's bound on what alternates from compartment to compartment. Measured 7e-13.
SAWTOOTH_mV = 1e-9
#: The axial current of a clamped axon that fires, 2e4 nA, over 1.5e8 uS. Measured 1.4e-4.
HELD_mV = 1e-3
#: What a method may leave after 300 steps of 1 ms, 15 time constants: 3e-7 of 418 mV.
OVERSHOOT_mV = 1e-3
#: A sample anywhere in a run, also by dense output, as a multiple of atol_mV; 0.01 of a gate counts
#: as 1 mV, and 1 mA/cm2 of a density of up to 40. Measured 0.7.
DENSE_PER_TOLERANCE = 2.0
#: Crossing times of MRG at an atol_mV of 1e-3, in proportion at others. Measured 1.4e-7.
CROSSING_ms = 5e-7
#: Two methods at vanishing step, in the upstroke of a spike. Measured 5e-4.
METHODS_AGREE_mV = 1e-2
#: Backward Euler, extrapolated five times, against RODAS at 1e-9 mV. Measured 1e-10.
LIMIT_mV = 1e-8
#: Error of a potential some time after the stimulus, as a multiple of atol_mV, at which rtol |v| is
#: as much or less. Measured 0.1 on a passive cable, 0.06 on squid and 0.02 on MRG.
ERROR_PER_TOLERANCE = 0.3

# The squid axon against an ODE solver at 1e-11, and against published numbers.

#: Four levels of extrapolation from 1 us. Measured 9e-6 in the upstroke.
HH_PATCH_mV = 1e-4
HH_PEAK_mV = 1e-4  # measured 7e-7
HH_PEAK_ms = 1e-4  # measured 3e-6
HH_INTERVAL_RELATIVE = 1e-5  # measured 4e-7
#: 12.314, 18.732 and 22.049 m/s have five digits; 100 um compartments cost 0.008 %. Measured 9e-5.
SQUID_VELOCITY_RELATIVE = 3e-4

# General integrators on the same equations (tests/oracle.py).

#: CVODE at rtol 1e-10 against Radau at 1e-8, which is the closer of the two. Measured
#: 1e-7 mV on squid and MRG, 2e-7 on the tree.
CVODE_mV = 1e-6
#: Methods at vanishing step or tolerance against Radau. Measured 5e-9 to 1.1e-8 mV, the same for
#: every method and thus Radau's own.
INTEGRATOR_mV = 5e-8
#: The default, extrapolated over the pieces of steps that follow a jump. Measured 6.2e-8.
INTEGRATOR_OVER_PIECES_mV = 2e-7
#: A Jacobian against central differences of fourth order, row by row. Measured 1e-10.
JACOBIAN_RELATIVE = 1e-8

# Myelinated axons.

#: 2.948 and 2.609 m/s, extrapolated by another solver. Measured 1e-4.
CNS_VELOCITY_RELATIVE = 5e-4
#: 56.27 m/s, from another pair of nodes at vanishing step. Measured 5e-4.
MRG_VELOCITY_RELATIVE = 1e-3
#: Observed order between meshes refined 1, 3, 9 and 27 fold: 1.2 to 1.4, below two because the
#: paranode, 3 um long, is where the periaxonal potential falls.
MRG_SPACE_ORDER = (1.0, 2.0)

# NEURON, at equal mesh, step and scheme.

#: Areas and axial resistances are the same integrals; measured 1e-15.
NEURON_GEOMETRY_RELATIVE = 1e-12
#: Trees and squid axon. Measured 8e-12: rounding, amplified in the upstroke.
NEURON_TREE_mV = 1e-8
NEURON_GATE = 1e-10  # measured 7e-14
NEURON_CROSSING_ms = 1e-10  # measured 5e-14
#: NEURON's own hh, which keeps 0/0 away by a series that ends after two terms. Measured 2e-11.
NEURON_LIVE_mV = 1e-8
#: Double cables with one extracellular layer. NEURON grounds the periaxonal space of a node by
#: 1e10 S/cm2, ranvier by decree: measured 3e-10 mV passive, 3e-8 in the upstroke of MRG.
NEURON_DOUBLE_CABLE_PASSIVE_mV = 1e-8
NEURON_DOUBLE_CABLE_mV = 2e-7
#: Double cables with NEURON's default of two layers, the outer one tied to ground by 1e9 S/cm2,
#: which ranvier does not have: measured 4e-7 mV in the upstroke of MRG, 4e-9 passive.
NEURON_DOUBLE_CABLE_2_LAYERS_mV = 1e-6
#: A gate moves by less than this per mV of difference in the potential.
GATE_PER_mV = 0.1
#: Crossing times of nodes, by NEURON's number of layers; measured 2e-11 and 9e-11 ms.
NEURON_NODE_CROSSING_ms = {1: 1e-9, 2: 1e-8}
NEURON_VELOCITY_RELATIVE = 1e-9  # measured 2e-11
#: From our rest against NEURON's after 200 ms of settling. The slow potassium gate is not quite at
#: rest by then: measured 4e-4 mV at 1 um, 1e-5 from 5.7 um up, and the velocity follows.
NEURON_SETTLED_mV = 1e-3
NEURON_SETTLED_CROSSING_ms = 1e-5  # measured 5e-6 at 1 um, 3e-8 from 5.7 um up
NEURON_SETTLED_VELOCITY_RELATIVE = 1e-5  # measured 6e-6 at 1 um, 4e-8 from 5.7 um up

#: Arbor orders a step differently: equal to first order in the step. Measured 0.074.
ARBOR_mV = 0.1

# Batches and other ways to carry out a run.

#: A run of a batch against the same run alone: the same steps, laid out otherwise. Measured 6e-13.
BATCH_mV = 1e-9
BATCH_ms = 1e-9
#: Single against double precision, over the upstroke of MRG. Measured 7e-3.
SINGLE_mV = 1e-2

# Steps of several lengths in one cable.

#: A potential anywhere at any step, against the full solve, as a multiple of the window's
#: tolerance. Measured 0.4 to 1.3 on spikes, and 5 where a current that stays on fires again, whose
#: latency multiplies what the start was off by.
WINDOW_PER_TOLERANCE = 8.0
#: A crossing per millivolt of tolerance. Measured 7e-4 ms after 13 ms, 2.2e-3 near a branch point.
WINDOW_ms_PER_mV = 8e-3
#: The worst step that was longer than dt: a block is told only afterwards. Measured 6 near a branch
#: point, 2 to 4 elsewhere.
WINDOW_STEP_PER_TOLERANCE = 20.0
#: The same of a potential of any layer of a myelinated fibre. Measured 0.3 to 2.
WINDOW_MYELIN_PER_TOLERANCE = 4.0
#: And of the upstroke at its nodes and paranodes. Measured 9e-5 after 300 nodes.
WINDOW_MYELIN_ms_PER_mV = 5e-4

# Mechanisms written as equations.

#: The same formulas as a compiled channel has, in another order and through other exponentials.
EXPRESSION_mV = 1e-9
#: A chain of subunits against the power of one gate, at 5 us: the error in time of both.
CHAIN_mV = {"rosenbrock2": 0.5, "rodas4": 1e-4}

# Fields and thresholds.

#: Mean over a cube's faces of 5 um against its middle, of the change along an edge: (h / r)^3 of a
#: potential of 1/r, 500 um away. Measured 7e-7 for the disc.
LAPLACE_RELATIVE = 1e-5
#: Centred differences of an exponential of 1000 um on steps of 5 um, 10 mV; one step from the rest
#: of the time constant of 1 ms after 50 of them.
UNIFORM_FIELD_mV = 1e-4
#: mrg_field.npz, whose potential is imposed outside the sheath: the equivalent currents inside.
#: Under a sheath the membrane potential is shifted while the pulse lasts. Measured 3e-7 and 6.5e-4.
NEURON_FIELD_NODE_mV = 3e-6
NEURON_FIELD_INTERNODE_mV = 1e-3
#: A threshold of NEURON's, known to 1e-4, at the same step and scheme. Measured 3e-5.
NEURON_THRESHOLD_RELATIVE = 2e-4
#: The end of a bracket that is cut in the same way, of which NEURON's was printed with 9 digits.
NEURON_BRACKET_RELATIVE = 1e-8
#: Nodes of a passive double cable, 1 mV and more of change, against a dense solution that imposes
#: the potential itself.
IMPOSED_POTENTIAL_mV = 1e-6


# Events and clamps.

#: How far below its order a method may be found from three steps. Measured 0.12.
EVENT_ORDER = 0.25
#: By order, a synapse on a cell at the last of three steps. Measured a third of each or less.
SYNAPSE_mV = {1: 0.06, 2: 5e-5, 4: 2e-7}
#: Of the peak: sodium current under a clamp of 2 ohm against gates at constant potential, of which
#: a tenth is the resistance. Measured 4.2e-7.
CLAMP_RELATIVE = 1e-6
#: The same scheme at the same step with spikes or a clamp, 12 ms. Measured 1.8e-11.
NEURON_SYNAPSE_mV = 1e-9
#: Measured 3e-13.
NEURON_SYNAPSE_nA = 1e-10
#: A slope by a difference of 0.2 uV. Measured 1e-9.
SLOPE_RELATIVE = 1e-6

# Ions that accumulate.

#: A patch that fires, extrapolated from steps of 2, 1 and 0.5 us, against LSODA at 1e-12, whose own
#: error of a spiking trace is as large.
ION_LIMIT_mV = 1e-6
ION_LIMIT_mM = 1e-6
#: What is unaccounted for of all that there is of an ion, after 4000 steps.
ION_AMOUNT_RELATIVE = 1e-14
#: Charge of the membrane against that of all currents and the electrode, of all that passed.
ION_CHARGE_RELATIVE = 1e-11
