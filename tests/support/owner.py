"""`python -m support.owner FOLDER`: plans a Ground through the fast lane, as a process that can be killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.lanes import Ground


def main() -> None:
    """Plan; the environment names what the provider is told."""
    variables = tuple((name, value) for name, value in os.environ.items() if name.startswith("PROBE"))
    plan = Ground(Path(sys.argv[1]), variables=variables).plan("plan-only")
    sys.stdout.write(plan.way)


if __name__ == "__main__":
    main()
