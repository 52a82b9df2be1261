"""The tables and the verdicts that `work_precision.py` prints."""

from __future__ import annotations

import numpy as np
from compare import precision
from compare.ladders import SQUID, Series, Setting, Workload

import ranvier as rv

TARGET_percent = 0.1  # of the velocity
TARGET_mV = 1.0  # of v(t)


def print_all(workload: Workload, all_series: list[Series]) -> None:
    print_measurements(workload, all_series)
    print_targets(all_series)
    print_verdict(workload, all_series)


def wrong_velocity(series: Series) -> float | None:
    """The velocity to which a method converges, where that is not the reference's."""
    found = series.found("velocity_m_per_s")
    if len(found) < 2:
        return None
    before, last = (abs(each["velocity_error_percent"]) for each in found[-2:])
    return found[-1]["velocity_m_per_s"] if last > max(1.0, 0.8 * before) else None


def at_target(series: Series, key: str, target: float) -> precision.Reached | None:
    found = series.found(key)
    if len(found) < 2 or wrong_velocity(series):
        return None
    columns = [[each["dt_ms"] or each["tolerance"], each["wall_s"], each[key]] for each in found]
    return precision.reached(*np.array(columns).T, target)


def print_measurements(workload: Workload, all_series: list[Series]) -> None:
    print(f"\n{workload.title}")
    print(
        "| simulator, method | setting | steps | wall s | velocity, m/s | velocity error, % "
        "| v(t) error, mV | with best shift, mV |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for series in all_series:
        is_wrong = wrong_velocity(series) is not None
        for setting, found in series.measurements.items():
            label = f"| {series.simulator} {series.method} | {setting} |"
            if found["problem"]:
                print(f"{label} | | fails: {found['problem']} | | | |")
                continue
            shifted_mV = found["v_error_shifted_mV"]
            print(
                f"{label} {found['steps']} | {found['wall_s']:.4f}{'†' * found['is_cpu_time']} "
                f"| {'wrong: ' if is_wrong else ''}{found['velocity_m_per_s']:.5f} "
                f"| {found['velocity_error_percent']:+.2g} | {found['v_error_mV']:.2g} "
                f"| {shifted_mV:.2g} |"
            )
    if any(each["is_cpu_time"] for series in all_series for each in series.measurements.values()):
        print("† CPU time of the process: other work had the processor in every run")


def largest_step(all_series: list[Series]) -> tuple[str, float, str] | None:
    """The method with the largest step at the target, that step in ms, and how it was found."""
    found = [
        (f"{series.simulator} {series.method}", reached.setting, reached.how)
        for series in all_series
        if series.order and (reached := at_target(series, "velocity_error_percent", TARGET_percent))
    ]
    return max(found, key=lambda each: each[1], default=None)


def print_targets(all_series: list[Series]) -> None:
    """Prints what every method needs for the target errors, next to the best of ranvier's."""
    by_velocity = [at_target(each, "velocity_error_percent", TARGET_percent) for each in all_series]
    by_trace = [at_target(each, "v_error_mV", TARGET_mV) for each in all_series]
    own_s = [
        reached.wall_s
        for series, reached in zip(all_series, by_velocity, strict=True)
        if reached and series.simulator == "ranvier"
    ]
    best_s = min(own_s, default=float("nan"))
    best_step = largest_step([each for each in all_series if each.simulator == "ranvier"])
    best_ms = best_step[1] if best_step else float("nan")
    print(
        f"\n| simulator, method | setting at {TARGET_percent:g} % velocity error | dt / ranvier's "
        f"largest | wall s | wall / ranvier's best | wall s at {TARGET_mV:g} mV | |"
    )
    print("|---|---|---|---|---|---|---|")
    for series, velocity, trace in zip(all_series, by_velocity, by_trace, strict=True):
        label = f"| {series.simulator} {series.method} |"
        if velocity is None:
            problems = [each["problem"] for each in series.found("problem")]
            wrong = wrong_velocity(series)
            reason = (
                (problems or ["not reached"])[-1] if wrong is None else f"wrong: {wrong:.1f} m/s"
            )
            print(f"{label} {reason} | | | | | |")
            continue
        setting = Setting(value=velocity.setting, options=(), is_step=series.order > 0)
        step_ratio = f"{velocity.setting / best_ms:.3g}" if series.order else ""
        failures = len(series.found("problem"))
        wall_s = f"{trace.wall_s:.4f} {trace.how}".strip() if trace else ""
        notes = [velocity.how] * bool(velocity.how)
        notes += [f"{failures} of {len(series.measurements)} settings fail"] * bool(failures)
        print(
            f"{label} {setting} | {step_ratio} | {velocity.wall_s:.4f} "
            f"| {velocity.wall_s / best_s:.2f} | {wall_s} "
            f"| {', '.join(notes)} |"
        )


def print_verdict(workload: Workload, all_series: list[Series]) -> None:
    def step(found: tuple[str, float, str]) -> str:
        return f"{1e3 * found[1]:.3g} us" + f" ({found[2]})" * bool(found[2])

    ours = [each for each in all_series if each.simulator == "ranvier"]
    own = largest_step([each for each in ours if each.method == rv.methods.DEFAULT])
    if own is None:
        print(f"\n{workload.name}: ranvier's default did not come to {TARGET_percent:g} %")
        return
    start = f"{workload.name}: dt at {TARGET_percent:g} % velocity error: {own[0]} "
    start += f"{step(own)}, "
    if workload is SQUID:
        peer = largest_step([s for s in all_series if s.simulator != "ranvier" and s.order == 2])
        end = f"({peer[0]}) {step(peer)}" if peer else "none measured"
        print(f"\n{start}best peer's second-order method {end}")
        return
    euler = largest_step([s for s in all_series if s.method == "backward_euler"])
    end = f"{step(euler)}, ratio {own[1] / euler[1]:.1f}" if euler else "not reached"
    print(f"\n{start}backward Euler {end}")
