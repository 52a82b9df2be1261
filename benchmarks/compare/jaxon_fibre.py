"""An MRG fibre of jaxon-nerve with the node's membrane wired to its solver, as its users must.

Its end nodes are active and it starts at the resting potential without settling, so its velocity is
0.05 % from the workload's.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import workload
from workload import W2

#: Found by trial and not in its documentation: the older run time of XLA, that the jax it is pinned
#: to still has, is several times faster here.
BEST_FLAGS = "--xla_cpu_use_thunk_runtime=false"


@dataclass(frozen=True, kw_only=True)
class Jaxon:
    """The modules that the two programs use."""

    jax: ModuleType
    mrg: ModuleType
    coupled: ModuleType
    batch: ModuleType
    axnode: ModuleType
    extracellular: ModuleType
    version: str

    @classmethod
    def load(cls) -> Jaxon:
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        names = {
            "mrg": "fibers.mrg",
            "coupled": "stim.extracellular_coupled",
            "batch": "stim.batch_solve",
            "axnode": "channels.mrg_axnode",
            "extracellular": "stim.extracellular",
        }
        modules = {
            key: workload.require(f"jaxon.{name}", "jaxon-nerve", "pip install jaxon-nerve")
            for key, name in names.items()
        }
        jax = workload.require("jax", "jaxon-nerve", "pip install jaxon-nerve")
        jax.config.update("jax_enable_x64", True)
        version = importlib.metadata.version("jaxon-nerve")
        return cls(jax=jax, version=version, **modules)

    def settings(self, what: str) -> str:
        flags = os.environ.get("XLA_FLAGS") or "no XLA flags"
        return f"{what}, float64, jax {self.jax.__version__}, {flags}"

    def geometry(self, diameter_um: float, nodes: int):
        """Without the public function's second half, which fills a cell for minutes and is not
        needed; with the workload's membrane capacitance."""
        geometry = self.mrg._mrg_geometry(diameter_um, nodes)
        return dataclasses.replace(geometry, cm_uF_cm2=[self.mrg.CM_AXON] * geometry.n_comp)

    def profile_mV(self, diameter_um: float, nodes: int) -> np.ndarray:
        """The potential along a fibre for 1 mA of a point source over its middle."""
        length_um = np.asarray(self.geometry(diameter_um, nodes).length_um)
        place_um = np.cumsum(length_um) - length_um / 2
        return np.asarray(self.extracellular.point_source_potentials_mV(place_um, i0_mA=1.0))

    def pulse(self, t_stop_ms: float, dt_ms: float):
        """The workload's pulse from t = 0, one value for each step."""
        steps = np.arange(round(t_stop_ms / dt_ms))
        is_on = steps < round(W2.stimulus.duration_ms / dt_ms)
        return self.jax.numpy.asarray(is_on.astype(float))


class Fibre:
    """What `integrate` needs to know of one fibre, but for its stimulus."""

    def __init__(self, jaxon: Jaxon, diameter_um: float, nodes: int, dt_ms: float) -> None:
        numpy = jaxon.jax.numpy
        self.jaxon, self.dt_ms = jaxon, dt_ms
        geometry = jaxon.geometry(diameter_um, nodes)
        self.compartments = geometry.n_comp
        self.nodes = np.flatnonzero(geometry.is_node)
        self.static = jaxon.coupled.arrays_from_geometry(geometry, dt_ms)
        self.is_node = self.static["is_node"]
        self.area = 1e6 * self.static["A_in_cm2"]  # from S/cm2 to uS
        leaks_S_cm2 = {
            "node": 0.0,
            "mysa": jaxon.mrg.G_PAS_MYSA,
            "flut": jaxon.mrg.G_PAS_FLUT,
            "stin": jaxon.mrg.G_PAS_STIN,
        }
        self.leak_uS = self.area * numpy.asarray([leaks_S_cm2[k] for k in geometry.section_type])
        self.channel = jaxon.axnode.AxnodeMyel()
        start = self.channel.init_state(
            {},
            numpy.full(self.compartments, jaxon.mrg.V_REST),
            self.channel.channel_params,
            dt_ms,
        )
        self.start = {k: numpy.where(self.is_node, value, 0.0) for k, value in start.items()}

    def membrane(self, v_mV, state, dt_ms):
        """Conductance in uS, current in nA and the new state, everywhere."""
        where = self.jaxon.jax.numpy.where
        parameters = self.channel.channel_params
        state = self.channel.update_states(state, dt_ms, v_mV, parameters)
        prefix = self.channel._name

        def of(name: str):
            key = f"{prefix}_{name}"
            return state[key] if key in state else parameters[key]

        g_na = of("gnabar") * of("m") ** 3 * of("h") + of("gnapbar") * of("mp") ** 3
        g_k, g_leak = of("gkbar") * of("s"), of("gl")
        i = g_na * (v_mV - of("ena")) + g_k * (v_mV - of("ek")) + g_leak * (v_mV - of("el"))
        return (
            where(self.is_node, (g_na + g_k + g_leak) * self.area, self.leak_uS),
            where(self.is_node, i * self.area, self.leak_uS * (v_mV - self.jaxon.mrg.V_REST)),
            state,
        )

    def clamp_nA(self, t_stop_ms: float):
        """The workload's clamp, (steps x compartments)."""
        t_ms = (np.arange(round(t_stop_ms / self.dt_ms)) + 0.5) * self.dt_ms
        since_onset_ms = t_ms - W2.stimulus.onset_ms
        current_nA = np.zeros((len(t_ms), self.compartments))
        is_on = (since_onset_ms > 0) & (since_onset_ms < W2.stimulus.duration_ms)
        current_nA[is_on, self.nodes[W2.stimulated_node]] = W2.stimulus.amplitude_nA
        return self.jaxon.jax.numpy.asarray(current_nA)

    def integrate(self, profile_mV, pulse, *, record: str, centre: int = 0, clamp_nA=None):
        """Traces of a run under a potential along the fibre, a pulse of it, and a clamp."""
        traces, _ = self.jaxon.coupled.integrate(
            self.static,
            self.membrane,
            self.start,
            profile_mV,
            pulse,
            self.dt_ms,
            record=record,
            center_comp=centre,
            i_intra=clamp_nA,
        )
        return traces
