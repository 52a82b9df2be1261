"""The squid giant axon of Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764."""

from __future__ import annotations

from ranvier.discretisation import MaxLength, Mesh
from ranvier.fibers._fiber import Fiber, Reference, expect_positive, fiber
from ranvier.model import Ion, Model, Placement, Section
from ranvier.stimuli import CurrentClamp, Pulse

CITATION = "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764"

# Potentials with rest at -65 mV; the paper counts from rest, depolarisation negative.
E_NA_mV = 50.0
E_K_mV = -77.0
E_LEAK_mV = -54.387
G_NA_S_cm2 = 0.12
G_K_S_cm2 = 0.036
G_LEAK_S_cm2 = 3e-4
R_A_ohm_cm = 35.4
C_M_uF_cm2 = 1.0

#: Threshold in current rises with the input conductance, thus with d^1.5; 10 uA for 476 um is the
#: current of a strong brief shock, several times threshold.
_STIMULUS_nA = 1e4
_REFERENCE_DIAMETER_um = 476.0
#: Slowest velocity to be waited for, at 476 um: half that of an axon at 6.3 degC (12.3 m/s).
_SLOWEST_m_per_s = 6.0


@fiber(
    summary="squid giant axon",
    citation=CITATION,
    diameters_um=None,
    validated_um=(1.0, 476.0),
    is_myelinated=False,
    v_rest_mV=-64.996,
    reference=Reference(diameter_um=476.0, temperature_degC=18.5, velocity_m_per_s=18.73),
)
def hodgkin_huxley(
    *,
    diameter_um: float = 476.0,
    length_um: float = 1e5,
    temperature_degC: float = 18.5,
    mesh: Mesh | None = None,
) -> Fiber:
    """The unmyelinated squid axon: C 1 uF/cm2, R_a 35.4 ohm cm, 476 um, by default 10 cm.

    At 18.5 degC the converged velocity is 18.73 m/s (the paper's hand calculation gave 18.8). There
    is no stable wave much above 30 degC. The default mesh has compartments of 100 um for
    476 um, and in proportion to the length constant for others, which leaves 0.01 % in velocity.
    Raises ModelError for a size that is not positive.
    """
    name = "hodgkin_huxley"
    expect_positive(name, diameter_um=diameter_um, length_um=length_um)
    thickness = (diameter_um / _REFERENCE_DIAMETER_um) ** 0.5
    axon = Section(
        "axon",
        region="axon",
        length_um=length_um,
        diameter_um=diameter_um,
        r_a_ohm_cm=R_A_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
    )
    model = Model(
        name=f"squid axon {diameter_um:g} um",
        sections=[axon],
        placements=[
            Placement("na_hh", g_bar_S_cm2=G_NA_S_cm2),
            Placement("k_hh", g_bar_S_cm2=G_K_S_cm2),
            Placement("leak", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)],
        temperature_degC=temperature_degC,
    )
    return Fiber(
        name=name,
        model=model,
        # Length constants go with the square root of the diameter, and so does the mesh.
        mesh=mesh or MaxLength(100.0 * thickness),
        diameter_um=diameter_um,
        citation=CITATION,
        stimulus=CurrentClamp(
            waveform=Pulse(onset_ms=0.1, duration_ms=0.5),
            at=("axon", 0.0),
            amplitude_nA=_STIMULUS_nA * thickness**3,
        ),
        velocity_sites="axon",
        t_stop_ms=2.0 + length_um * 1e-3 / (_SLOWEST_m_per_s * thickness),
        is_myelinated=False,
        v_rest_guess_mV=-65.0,
    )
