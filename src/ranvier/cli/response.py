"""`ranvier response`: a fibre's action potential as an electrode beside it sees it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ranvier.analysis import conduction_velocity, layer_probes
from ranvier.cli.arguments import Commands, number, positive
from ranvier.cli.output import (
    NEEDS_MATPLOTLIB,
    check_folder,
    check_picture,
    print_json,
    print_rows,
    wants_picture,
)
from ranvier.cli.progress import ProgressBar
from ranvier.cli.stimulus_options import add_fiber_to, fiber_of, method_of
from ranvier.cli.wave_studies import add_run_to
from ranvier.fields import ElectrodeSet, Field, PointSource
from ranvier.responses import single_fibre_action_potential
from ranvier.run import simulate

OK = 0
NO_SPIKE = 1
DISTANCE_um = 1000.0
CONDUCTIVITY_S_m = 0.3


def add_to(commands: Commands) -> None:
    summary = "what an electrode beside a fibre sees of its spike"
    parser = commands.add_parser("response", help=summary, description=summary, allow_abbrev=False)
    add_fiber_to(parser)
    electrode = parser.add_argument_group("electrode")
    electrode.add_argument(
        "--distance",
        type=positive,
        default=DISTANCE_um,
        metavar="UM",
        help=f"of a point from the axis of the fibre ({DISTANCE_um:g})",
    )
    electrode.add_argument(
        "--along", type=number, default=0.0, metavar="UM", help="so far from the middle (0)"
    )
    electrode.add_argument(
        "--against", type=number, metavar="UM", help="a second contact there, for the difference"
    )
    electrode.add_argument(
        "--conductivity",
        type=positive,
        default=CONDUCTIVITY_S_m,
        metavar="S_M",
        help=f"of the medium ({CONDUCTIVITY_S_m:g})",
    )
    add_run_to(parser)
    parser.add_argument("--t-stop", type=positive, metavar="MS", help="simulate so long")
    answer = parser.add_argument_group("answer")
    picture = answer.add_mutually_exclusive_group()
    picture.add_argument("--out", type=Path, metavar="PICTURE", help=".png, .pdf, .svg, ...")
    picture.add_argument("--no-picture", action="store_true")
    answer.add_argument("--csv", type=Path, metavar="FILE", help="write the trace there")
    answer.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.set_defaults(command=response, name="response")


def response(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    picture = options.out or Path(f"response-{options.fiber}-{fibre.diameter_um:g}um.png")
    is_drawn = wants_picture(options)
    if is_drawn:
        check_picture(picture)
    if options.csv is not None:
        check_folder(options.csv)
    field, name = _electrode(options)
    bar = ProgressBar(announces=not options.json)
    try:
        result = simulate(
            fibre,
            fibre.stimulus,
            layer_probes(fibre),
            t_stop_ms=fibre.t_stop_ms if options.t_stop is None else options.t_stop,
            method=method_of(options),
            threads=options.threads,
            progress=bar,
        )
    finally:
        bar.clear()
    velocity = conduction_velocity(result)
    seen = single_fibre_action_potential(result, {name: field})
    trace_uV = seen[name]
    if is_drawn:
        seen.plot().savefig(picture)
    if options.csv is not None:
        seen.to_csv(options.csv)
    if options.json:
        print_json(
            {
                "fibre": fibre.name,
                "diameter_um": fibre.diameter_um,
                "electrode": name,
                "peak_to_peak_uV": float(seen.peak_to_peak_uV[0]),
                **velocity.to_dict(),
                "t_ms": seen.t_ms.tolist(),
                "potential_uV": trace_uV.tolist(),
                "picture": picture if is_drawn else None,
            }
        )
    else:
        top, bottom = int(trace_uV.argmax()), int(trace_uV.argmin())
        print(f"{options.fiber}, {fibre.diameter_um:g} um: {seen.peak_to_peak_uV[0]:.4g} uV")
        rows = [
            ("paper", fibre.citation),
            ("electrode", name),
            ("highest", f"{trace_uV[top]:.4g} uV at {seen.t_ms[top]:.4g} ms"),
            ("lowest", f"{trace_uV[bottom]:.4g} uV at {seen.t_ms[bottom]:.4g} ms"),
            ("velocity", str(velocity)),
        ]
        if is_drawn:
            rows.append(("picture", str(picture)))
        elif not options.no_picture:
            rows.append(("picture", f"none: {NEEDS_MATPLOTLIB}"))
        if options.csv is not None:
            rows.append(("trace", str(options.csv)))
        print_rows(rows)
    return OK if result.crossings[0].count.any() else NO_SPIKE


def _electrode(options: argparse.Namespace) -> tuple[Field, str]:
    def point(along_um: float) -> PointSource:
        return PointSource(
            position_um=(along_um, 0.0, options.distance), conductivity_S_m=options.conductivity
        )

    where = f"point at {options.distance:g} um, {options.along:g} um along"
    if options.against is None:
        return point(options.along), where
    pair = ElectrodeSet(fields=[point(options.along), point(options.against)], weights=(1.0, -1.0))
    return pair, f"{where}, against {options.against:g} um along"
