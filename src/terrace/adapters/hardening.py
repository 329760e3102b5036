"""Protects this process from other processes of the same user. Every process of Terrace calls it first. Linux: the
process is not dumpable, so that no process without CAP_SYS_PTRACE can attach to it or read its memory or its files
below /proc. Everywhere: no core dumps, and secrets are removed from the environment. A child is another program: it
starts dumpable, with the variables that it is given.
"""

from __future__ import annotations

import ctypes
import resource
import sys

from terrace.adapters.environ import conceal

_SET_DUMPABLE = 4
"""PR_SET_DUMPABLE of prctl(2)."""

CORE_BYTES = 1 if sys.platform == "linux" else 0
"""Limit of a core dump. On Linux a program that collects dumps gets them despite any limit except 1, with which the
kernel creates none, in a file neither. Children of Terrace, which are dumpable, inherit it.
"""


def harden() -> None:
    """Applies the protection, which other processes cannot undo. Steps that the system refuses are skipped."""
    most = CORE_BYTES if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 else 0
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    conceal()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
