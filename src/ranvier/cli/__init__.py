"""The command `ranvier`: what a shell or another program can ask of the package."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ranvier.cli import lists, response, rest, run, studies, threshold, velocity, wave_studies
from ranvier.cli.arguments import Parser, UsageError
from ranvier.errors import DivergedError, InternalError, Interrupted, RanvierError

OK = 0
NO_SPIKE = 1
BAD_INPUT = 2
INTERRUPTED = 130  # as a shell reports a command that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Whatever is wrong with the input is a sentence."""
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except Interrupted as interrupt:
        return _fail(interrupt.result.message, INTERRUPTED)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except DivergedError as error:
        return _fail(str(error), NO_SPIKE)
    except InternalError:
        raise  # a bug of ours: its traceback is wanted
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return _fail(f"{where}{error.strerror or error}", BAD_INPUT)
    except (UsageError, RanvierError, ValueError) as error:
        return _fail(str(error), BAD_INPUT)


def _fail(sentence: str, code: int) -> int:
    first, *others = sentence.splitlines() or ["unknown"]
    print(f"ranvier: error: {first}", *others, sep="\n  ", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="ranvier", description="Simulate action potentials in axons.", allow_abbrev=False
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")

    def without_command(arguments: argparse.Namespace) -> int:
        if arguments.version:
            return lists.version(arguments)
        parser.print_help()
        return OK

    parser.set_defaults(command=without_command)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    velocity.add_to(commands)
    threshold.add_to(commands)
    studies.add_to(commands)
    wave_studies.add_to(commands)
    response.add_to(commands)
    run.add_to(commands)
    rest.add_to(commands)
    lists.add_to(commands)
    return parser
