"""What this machine can bear."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_OF_ONE = 1_200 * 2**20
"""What one Terraform with a large provider may take, in bytes: 930 MB measured for two AWS plans at once, and room."""

AT_MOST = 8


def processes_at_once() -> int:
    """How many Terraform processes may run side by side: as memory and cores allow, 8 at most."""
    by_memory = _available() // MEMORY_OF_ONE
    return max(1, min(by_memory, max(2, os.cpu_count() or 1), AT_MOST))


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
