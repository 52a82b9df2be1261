"""The command `ranvier`: what a shell or another program can ask of the package."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ranvier.cli.arguments import UsageError, build_parser
from ranvier.errors import InternalError, RanvierError

OK = 0
NO_SPIKE = 1
BAD_INPUT = 2
INTERRUPTED = 130  # as a shell reports a command that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Whatever is wrong with the input is a sentence."""
    try:
        arguments = build_parser().parse_args(argv)
        code: int = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except InternalError:
        raise  # a bug of ours: its traceback is wanted
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return _fail(f"{where}{error.strerror or error}", BAD_INPUT)
    except (UsageError, RanvierError, ValueError) as error:
        return _fail(str(error), BAD_INPUT)


def _fail(sentence: str, code: int) -> int:
    lines = sentence.splitlines() or ["unknown"]
    print(f"ranvier: error: {lines[0]}", *lines[1:], sep="\n  ", file=sys.stderr)
    return code
