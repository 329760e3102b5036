"""Plays random histories of deployments against the pipelines, and checks what must hold. Prints how many it played.

    python benchmarks/histories.py [--histories N] [--seed S] [--length L]

A history that breaks a law is told, and can be played again by its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from simulation.play import Played


def main() -> int:
    """Play, tell what was broken, and count."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--histories", type=int, default=200, metavar="N", help="how many to play")
    given.add_argument("--seed", type=int, default=0, metavar="S", help="the seed of the first")
    given.add_argument("--length", type=int, default=400, metavar="L", help="how many choices a history has")
    asked = given.parse_args()
    applies = events = broken = 0
    began = time.monotonic()
    for seed in range(asked.seed, asked.seed + asked.histories):
        played = Played(random.Random(seed).randbytes(asked.length))
        applies += len(played.people.world.applied)
        events += len(played.people.world.ledger.events)
        if played.broken:
            broken += 1
            print(f"seed {seed}:\n{played.story}\n")
    seconds = time.monotonic() - began
    print(f"{asked.histories} histories in {seconds:.0f} s: {applies} applies, {events} events, {broken} broken laws")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
