"""Kills at random moments, counted: how often something was made twice, and what so many rounds without that prove.

    python benchmarks/chaos.py --rounds 2000                      all four backends in turn
    python benchmarks/chaos.py --rounds 500 --backend http
    python benchmarks/chaos.py --aws 40                           the real AWS provider, read back from the cloud

A round deploys a release of two resources and kills Terrace, its runner, Terraform, a provider, Git or all of them. In
most rounds something else happens before people go on: files are copied, brought back, lost or cut; they go on from
another machine (namespaces of its own); the driver is only stopped, and wakes up after it was declared dead.
With no failure in N rounds the chance of one is below 3/N with 95 % confidence (the rule of three).
"""

from __future__ import annotations

import argparse
import itertools
import os
import secrets
import sys
import tempfile
import time
import traceback
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

if TYPE_CHECKING:
    from support.chaos import Tally

GAME = 20
"""How many rounds are played in one world: a ledger only grows, and reading it takes time."""

SMALL = 40
"""How many rounds without being told otherwise: enough to see that it works."""


def main() -> None:
    """Play, print, and end with 1 when something was made twice, lost, or could not be finished."""
    options = _options()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="terrace-chaos-home-") as home:
        _own_world(Path(home))
        bad = 0
        if options.rounds:
            bad += _report("terraform_data", _played(options, options.rounds, aws=False))
        if options.aws:
            bad += _report("aws", _played(options, options.aws, aws=True))
    print(f"{time.monotonic() - began:.0f} s, seed {options.seed}")
    sys.exit(1 if bad else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help=f"rounds on terraform_data ({SMALL}; none with --aws alone)")
    parser.add_argument("--aws", type=int, default=0, help="rounds with the AWS provider, state in S3")
    parser.add_argument("--backend", choices=["local", "s3", "http", "pg"], help="only this one")
    parser.add_argument("--ledger", choices=["git", "sqlite"], help="only this one; else both in turn")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="worlds at once")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="plays the same choices again")
    options = parser.parse_args()
    if options.rounds is None:
        options.rounds = 0 if options.aws else SMALL
    return options


def _own_world(home: Path) -> None:
    """Whatever is configured for the person who measures does not count here."""
    (home / ".gitconfig").write_text(
        "[user]\n\tname = ann\n\temail = ann@example.com\n[commit]\n\tgpgsign = false\n"
        "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[receive]\n\tautogc = false\n"
    )
    os.environ.update({"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"})


def _played(options: argparse.Namespace, rounds: int, *, aws: bool) -> Tally:
    """Many short games, several at once, each in a world of its own. After ^C: those that had ended."""
    from support.chaos import Tally, play
    from support.cloud import cloud_workplace
    from support.marks import SQLITE, workplace

    backends = ["s3"] if aws else [options.backend] if options.backend else ["local", "s3", "http", "pg"]
    ledgers = {"git": ["git"], "sqlite": [SQLITE]}.get(options.ledger, [SQLITE, "git"])
    length = min(GAME, max(1, rounds // options.jobs))
    shares = [min(length, rounds - begun) for begun in range(0, rounds, length)]
    total = Tally()
    with ProcessPoolExecutor(options.jobs) as pool, suppress(KeyboardInterrupt):
        games = [
            pool.submit(play, share, f"{options.seed}-{n}", backend, ledger, cloud_workplace if aws else workplace)
            for n, (share, (ledger, backend)) in enumerate(
                zip(shares, itertools.cycle(itertools.product(ledgers, backends)), strict=False)
            )
        ]
        try:
            for game in as_completed(games):
                ended = _ended(game)
                total.add(ended)
                for failure in ended.failures:
                    print(f"! {failure}", file=sys.stderr)
                print(f"{total.rounds} of {rounds} rounds, {total.bad} bad", file=sys.stderr, flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    return total


def _ended(game: Future[Tally]) -> Tally:
    """What a game counted; one that broke off counts as one round that was not finished."""
    from support.chaos import Tally

    try:
        return game.result()
    except Exception as error:
        return Tally(rounds=1, stuck=1, failures=["".join(traceback.format_exception(error))])


def _report(what: str, tally: Tally) -> int:
    kills = ", ".join(f"{name} {times}" for name, times in tally.kills.most_common())
    print(f"{what}: {tally.rounds} rounds; killed: {kills}")
    print(f"  and then: {', '.join(f'{name} {times}' for name, times in sorted(tally.mishaps.items()))}")
    at = ", ".join(f"{name} {times}" for name, times in sorted(tally.crossings.items()))
    print(f"  moments: {at}")
    print(f"  unknown outcomes {tally.unknown}, declared dead {tally.declared}")
    print(f"  locks of the dead freed by hand {tally.unlocked}, states restored {tally.restored}")
    print(f"  made twice {tally.doubles}, events lost {tally.lost}, not finished {tally.stuck}")
    if not tally.bad:
        print(f"  the chance of a failure in a round is below {3 / max(3, tally.rounds):.2%} (95 %)")
    for failure in tally.failures:
        print(f"  ! {failure}")
    return tally.bad


if __name__ == "__main__":
    main()
