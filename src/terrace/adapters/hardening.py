"""Keeps other processes of the same user out of this one. Called first by every process of Terrace.

Linux: the process is not dumpable, so that without CAP_SYS_PTRACE nobody attaches to it, reads its memory or its files
below /proc. Everywhere: no core dumps, and secrets leave the environment. A child is another program: it starts
dumpable again, with the variables that it is given.
"""

from __future__ import annotations

import ctypes
import resource
import sys

from terrace.adapters.environ import conceal

_SET_DUMPABLE = 4
"""PR_SET_DUMPABLE of prctl(2)."""

CORE_BYTES = 1 if sys.platform == "linux" else 0
"""The limit of a core dump. On Linux a program that collects dumps gets them whatever the limit is, but for a limit of
1, with which the kernel makes none; nor does it write a file so small. Child processes of Terrace inherit it, but
become dumpable.
"""


def harden() -> None:
    """Do it; nothing of it can be undone by others. A setting that the system refuses is skipped."""
    most = CORE_BYTES if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 else 0
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    conceal()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
