"""Turns errors into a message, a hint and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from pathlib import Path

import click

from terrace.adapters.environ import ENVIRON
from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform.private import removed_on_signals, sweep
from terrace.apps.cli.streams import guarded_log
from terrace.errors import NotReady, TerraceError, TerraformFailed
from terrace.text import readable

_FREE_SPACE = "free disk space; then `terrace status` shows the deployments, and `terrace resume ENV` continues one"

_READER_EXITED = 141
"""The exit code that a shell shows of a program that SIGPIPE ended."""


def run_command_line(cli: click.Command) -> int:
    """Runs the command line and returns its exit code: the command's own (0 or 1), 2, 3, 130 after ^C, or 141."""
    with guarded_log(ENVIRON):
        return _run_guarded(cli)


def _run_guarded(cli: click.Command) -> int:
    as_json = "--json" in sys.argv
    try:
        with INTERRUPTION.handle_sigint(), removed_on_signals():
            sweep()
            code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except click.ClickException as error:
        _print_misuse(error)
        return 2
    except TerraceError as error:
        if INTERRUPTION.raised:
            # The process is exiting: a second ^C must not change its exit code.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _print_error(error, as_json=as_json)
        return error.exit_code
    except BrokenPipeError:
        # The reader of the output exited, for example `| head`. Its result was not read, so this is not a success.
        sys.stderr.close()
        return _READER_EXITED
    except OSError as error:
        missing = _missing_prerequisite(error)
        if missing is None:
            return _print_bug()
        _print_error(missing, as_json=as_json)
        return missing.exit_code
    except Exception:
        return _print_bug()
    return code if isinstance(code, int) else 0


def _missing_prerequisite(error: OSError) -> NotReady | None:
    """Returns the error for a full disk, and for folders of Terrace that cannot be written; None for a bug."""
    from terrace.apps.wiring.home import FULL, Home, unwritable

    if error.errno in FULL:
        where = f": {error.filename}" if error.filename else ""
        return NotReady(f"{error.strerror}{where}", hint=_FREE_SPACE)
    roots = Home.roots()
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    # Of a missing HOME the error names the folder above that cannot be created.
    below = path is not None and any(
        path.is_relative_to(root) or root.is_relative_to(path) for root in (roots.cache, roots.data)
    )
    return unwritable(error) if below else None


def _print_bug() -> int:
    sys.stderr.write(readable(traceback.format_exc()))
    sys.stderr.write("error: this is a bug in Terrace\nhint: report it with the lines above\n")
    return 3


def _print_error(error: TerraceError, *, as_json: bool) -> None:
    if as_json:
        from terrace.apps.output.console import emit
        from terrace.report.json.setup import error_json

        emit(error_json(error))
    _print("error: ", str(error))
    if isinstance(error, TerraformFailed):
        from terrace.checks.secrets.masking import without_secrets
        from terrace.report.diagnostics import diagnostic_lines, errors_first

        for diagnostic in errors_first(error.diagnostics):
            _print("  ", without_secrets("\n".join(diagnostic_lines(diagnostic)), bare=True), "  ")
    if error.hint:
        _print("hint: ", error.hint)


def _print_misuse(error: click.ClickException) -> None:
    """Prints click's message about wrong options. It contains the options as they were given."""
    text = io.StringIO()
    error.show(text)
    sys.stderr.write(readable(text.getvalue()))


def _print(head: str, text: str, indent: str = "  ") -> None:
    """Prints a text on stderr after its prefix. Other lines are indented, so that none looks like a line of Terrace."""
    first, *more = readable(text.rstrip("\n")).split("\n")
    sys.stderr.write(f"{head}{first}\n")
    for line in more:
        sys.stderr.write(f"{indent}{line}\n")
