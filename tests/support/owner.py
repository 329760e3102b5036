"""`python -m support.owner FOLDER`: plans a Ground through the fast lane, as a process that can be killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.lanes import Ground


def main() -> None:
    """Plan; the environment names what the provider is told."""
    told = tuple((name, value) for name, value in os.environ.items() if name.startswith("PROBE"))
    made = Ground(Path(sys.argv[1]), variables=told).plan("plan-only")
    sys.stdout.write(made.way)


if __name__ == "__main__":
    main()
