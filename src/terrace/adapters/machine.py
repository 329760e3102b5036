"""What this machine can bear."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_OF_ONE = 1_200 * 2**20
"""What one Terraform with a large provider may take, in bytes: 930 MB measured for two AWS plans at once, and room."""

MEMORY_OF_A_SMALL_ONE = 450 * 2**20
"""The same where both see a part of the schema only: 310 MB measured for each of two AWS plans at once, and room."""

AT_MOST = 8


def processes_at_once(of_one: int = MEMORY_OF_ONE) -> int:
    """How many Terraform processes may run side by side: as memory and cores allow, 8 at most.

    A small one computes little and waits for its cloud: of those there may be two for each core.
    """
    cores = max(2, os.cpu_count() or 1)
    by_cores = cores if of_one >= MEMORY_OF_ONE else 2 * cores
    return max(1, min(_available() // of_one, by_cores, AT_MOST))


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
