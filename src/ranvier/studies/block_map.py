"""How strong an alternating current must be to block a fibre, by its frequency."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.recording import SpikeDetector
from ranvier.run import discretised
from ranvier.stimuli import Pulse
from ranvier.studies.activation import Block
from ranvier.studies.collect import Add, collect
from ranvier.studies.recovery_cycle import delayed
from ranvier.studies.table import Picture, StudyTable
from ranvier.studies.threshold import find_threshold
from ranvier.studies.threshold_result import ThresholdStatus
from ranvier.studies.threshold_rows import (
    REFUSED,
    SearchOptions,
    asked_of,
    columns_of,
    provenance_of_search,
    row_of,
    rows_at,
)

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.discretisation import Mesh
    from ranvier.stimuli import CurrentClamp, Extracellular

FREQUENCIES_Hz = (2000.0, 3000.0, 5000.0, 7000.0, 10000.0, 20000.0, 40000.0)
#: What the onset of the current fires is over by then.
TEST_ms = 15.0
#: The search begins at the threshold of such a pulse, and goes up to so many times that.
_PULSE_ms = 0.1
_PULSE_RTOL = 0.05
MOST = 64.0
#: Test spikes, one after the other.
_TESTS = 2
#: Of a cycle, at most, is a step.
_STEPS_PER_CYCLE = 20
_LONGEST_STEP_ms = 0.005


def block_map(
    target: Target,
    stimulus: Extracellular,
    frequencies_Hz: Sequence[float] = FREQUENCIES_Hz,
    *,
    test: CurrentClamp | None = None,
    test_ms: float = TEST_ms,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The block threshold for each frequency of an alternating current.

    `stimulus` has a waveform with a `frequency_Hz` and a `duration_ms`, such as `Square` or `Sine`,
    which is switched on at its onset and stays on. The search begins at what fires the fibre as a
    pulse of 0.1 ms and goes up to `most` (64) times that, so of the amplitude only the sign counts;
    far above, the current itself makes potentials cross everywhere, and no block is seen. At
    `test_ms`, and again when the first had time to arrive, a test spike is started (`test`, by
    default the stimulus of the fibre itself, at its start): two, since one may run into the last
    that the onset has fired. Blocked is a fibre in which nothing crosses -20 mV nine tenths of
    the way along from `test_ms` to the end of the run (or what a `Block` as `activation` says);
    what the onset fires does not count and is told as "onset_spikes", seen there before `test_ms`
    at the threshold.

    A row is a frequency, found alone, by the default method at a step of a twentieth of the cycle
    or less where no method is given, to an `rtol` of 0.01. Where weak currents fire the fibre again
    and again, spikes that arrive are no block. Raises ModelError for what has no frequency or no
    test spike.
    """
    rates_Hz = rows_at("block map", "frequencies_Hz", frequencies_Hz)
    if test is None:
        if not isinstance(target, Fiber):
            raise ModelError("block map: the target is a bare model, expected a test stimulus")
        test = target.stimulus
    starts = delayed(test, test_ms - test.waveform.lower().t_ms[0])
    options: dict[str, Any] = {"rtol": 0.01, "most": MOST} | dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)
    if wait_ms is None:
        wait_ms = target.t_stop_ms if isinstance(target, Fiber) else 5.0
    t_stop_ms = test_ms + _TESTS * wait_ms
    tests = tuple(delayed(starts, k * wait_ms) for k in range(_TESTS))
    pulse = replace(stimulus, waveform=Pulse(duration_ms=_PULSE_ms))
    alone = find_threshold(
        target,
        pulse,
        rtol=_PULSE_RTOL,
        t_stop_ms=_PULSE_ms + wait_ms,
        mesh=options.get("mesh"),
    )
    if alone.status is not ThresholdStatus.FOUND:
        raise ModelError(f"block map: a pulse has {alone}, expected one, to begin the search at")
    first = stimulus.scaled(alone.factor)
    blocks = [_alternating(first, float(each), t_stop_ms) for each in rates_Hz]
    criterion = options.pop("activation", None) or Block(after_ms=test_ms)
    method = options.pop("method", None)

    def work(rows: Sequence[int], add: Add) -> None:
        refused: list[ModelError] = []
        for done, k in enumerate(rows):
            used = method or _method_for(float(rates_Hz[k]))
            try:
                found = find_threshold(
                    target,
                    blocks[k],
                    background=tests,
                    activation=criterion,
                    t_stop_ms=t_stop_ms,
                    method=used,
                    **options,
                )
            except ModelError as refusal:
                refused.append(refusal)
                sentence = str(refusal).removeprefix("fibre 0: ").splitlines()[0]
                add(k, {"status": REFUSED, "message": sentence})
                continue
            row = row_of(found, error=error) | {"dt_ms": used.dt_ms}
            if found.status is ThresholdStatus.FOUND:
                at_threshold = [blocks[k].scaled(found.factor)]
                row["onset_spikes"] = _onset_spikes(
                    target, at_threshold, criterion, test_ms, used, options.get("mesh")
                )
            add(k, row)
            if progress is not None:
                progress((done + 1) / len(rows))
        if rows and len(refused) == len(rows):
            raise refused[0]

    return collect(
        "block_map",
        given={"frequency_Hz": rates_Hz},
        found=columns_of("mA", error=error) | {"onset_spikes": 0, "dt_ms": math.nan},
        work=work,
        asked=asked_of([target], [blocks, tests, criterion, method, wait_ms], options),
        journal=journal,
        finish=lambda table: replace(
            table,
            summary={"pulse_threshold_mA": alone.amplitude},
            picture=Picture(
                x="frequency_Hz",
                y=("threshold_mA",),
                title=f"Block thresholds of {table.provenance['fibre']}",
                x_label="Frequency (Hz)",
                y_label="Block threshold (mA)",
                log_x=True,
                log_y=True,
            ),
        ),
        provenance=provenance_of_search(target, options, test_ms=test_ms),
    )


def _alternating(stimulus: Extracellular, frequency_Hz: float, end_ms: float) -> Extracellular:
    """The same at another frequency, on until `end_ms`."""
    waveform: Any = stimulus.waveform
    names = [each.name for each in fields(waveform)] if is_dataclass(waveform) else []
    if not {"frequency_Hz", "duration_ms", "onset_ms"} <= set(names) or "count" in names:
        raise ModelError(
            f"block map: the waveform is a {type(waveform).__name__}, expected a Square, a Sine or "
            "another that alternates"
        )
    if waveform.onset_ms >= end_ms:
        raise ModelError(
            f"block map: the current begins at {waveform.onset_ms:g} ms, expected it before the "
            f"run ends at {end_ms:g} ms"
        )
    on_ms = end_ms - waveform.onset_ms
    return replace(
        stimulus, waveform=replace(waveform, frequency_Hz=frequency_Hz, duration_ms=on_ms)
    )


def _method_for(frequency_Hz: float) -> Method:
    return Method(dt_ms=min(_LONGEST_STEP_ms, 1e3 / frequency_Hz / _STEPS_PER_CYCLE))


def _onset_spikes(
    target: Target,
    stimuli: Sequence[Any],
    criterion: Any,
    test_ms: float,
    method: Method,
    mesh: Mesh | None,
) -> int:
    """Crossings at the far end until the test spike is started."""
    from ranvier.run import simulate

    at = criterion.compartments(target, discretised(target, mesh)).tolist()
    result = simulate(
        target,
        stimuli,
        t_stop_ms=test_ms + 1e-6,
        method=method,
        mesh=mesh,
        detect=SpikeDetector(criterion.threshold_mV, at),
    )
    return int(result.crossings[0].count.max())
