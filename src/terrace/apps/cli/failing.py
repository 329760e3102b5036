"""The one catch-all: what broke becomes a message, a hint and an exit code."""

from __future__ import annotations

import errno
import json
import signal
import sys
import traceback

import click

from terrace.adapters.interruption import INTERRUPTION
from terrace.errors import NotReady, TerraceError, TerraformFailed

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_ROOM = "make room; `terrace status` shows where things stand, and `terrace resume ENV` goes on"


def guarded(cli: click.Command) -> int:
    """Run the command line and return its exit code: the command's own (0 or 1), 2, 3, or 130 after ^C."""
    as_json = "--json" in sys.argv
    try:
        with INTERRUPTION.listening():
            code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return 130
    except click.ClickException as error:
        error.show()
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
    sys.stderr.write(traceback.format_exc())
    sys.stderr.write("error: this is a fault of Terrace, not yours\nhint: report it with the lines above\n")
    return 3


def _tell(error: TerraceError, *, as_json: bool) -> None:
    if as_json:
        told = {
            "schema": "terrace/error@1",
            "error": error.message,
            "hint": error.hint,
            "place": str(error.place) if error.place else None,
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    sys.stderr.write(f"error: {error}\n")
    if isinstance(error, TerraformFailed):
        for diagnostic in error.diagnostics:
            place = f"{diagnostic.place}: " if diagnostic.place else ""
            sys.stderr.write(f"  {diagnostic.severity}: {place}{diagnostic.summary}\n")
            for line in diagnostic.detail.splitlines():
                sys.stderr.write(f"    {line}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
