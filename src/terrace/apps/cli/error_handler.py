"""The one catch-all: what broke becomes a message, a hint and an exit code."""

from __future__ import annotations

import errno
import io
import signal
import sys
import traceback

import click

from terrace.adapters.environ import ENVIRON
from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform.private import removed_on_signals, sweep
from terrace.apps.cli.streams import guarded_log
from terrace.errors import NotReady, TerraceError, TerraformFailed
from terrace.text import readable

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_ROOM = "make room; `terrace status` shows where things stand, and `terrace resume ENV` goes on"


def guarded(cli: click.Command) -> int:
    """Run the command line and return its exit code: the command's own (0 or 1), 2, 3, or 130 after ^C."""
    with guarded_log(ENVIRON):
        return _guarded(cli)


def _guarded(cli: click.Command) -> int:
    as_json = "--json" in sys.argv
    try:
        with INTERRUPTION.listening(), removed_on_signals():
            sweep()
            code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except click.ClickException as error:
        _tell_misuse(error)
        return 2
    except TerraceError as error:
        if INTERRUPTION.raised:
            # It is on its way out: a second ^C must not change how it ends.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _tell(error, as_json=as_json)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output left, as `| head` does: nothing is wrong.
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in _FULL:
            return _fault()
        where = f": {error.filename}" if error.filename else ""
        _tell(NotReady(f"{error.strerror}{where}", hint=_ROOM), as_json=as_json)
        return NotReady.exit_code
    except Exception:
        return _fault()
    return code if isinstance(code, int) else 0


def _fault() -> int:
    sys.stderr.write(readable(traceback.format_exc()))
    sys.stderr.write("error: this is a fault of Terrace, not yours\nhint: report it with the lines above\n")
    return 3


def _tell(error: TerraceError, *, as_json: bool) -> None:
    if as_json:
        from terrace.apps.output.console import emit
        from terrace.report.json.setup import error_json

        emit(error_json(error))
    _say("error: ", str(error))
    if isinstance(error, TerraformFailed):
        for diagnostic in error.diagnostics:
            place = f"{diagnostic.place}: " if diagnostic.place else ""
            _say(f"  {diagnostic.severity}: ", f"{place}{diagnostic.summary}", "    ")
            if diagnostic.detail:
                _say("    ", diagnostic.detail, "    ")
    if error.hint:
        _say("hint: ", error.hint)


def _tell_misuse(error: click.ClickException) -> None:
    """What click says about wrong options. It repeats them as they were given."""
    told = io.StringIO()
    error.show(told)
    sys.stderr.write(readable(told.getvalue()))


def _say(head: str, text: str, below: str = "  ") -> None:
    """Say a text on stderr behind its head; its other lines are set in, so that none passes for a line of ours."""
    first, *more = readable(text.rstrip("\n")).split("\n")
    sys.stderr.write(f"{head}{first}\n")
    for line in more:
        sys.stderr.write(f"{below}{line}\n")
