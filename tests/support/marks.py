"""A stack whose resources leave a mark outside whenever they are really made, and whose makers can be struck down.

`Strike` orders a kill: of the runner or of Terraform, before or after one of Terraform's commands (the stack's
`terraform` is a script that reads the order) or in the middle of an apply (the provisioner of `second` reads it).
An order is carried out once. What dies is told by the process tree, from outside; Terrace knows nothing of it.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from support.backends import Backend
from support.cli import KEY
from support.git import commit, git, with_remote
from support.stage import Stage
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.event import Event

SQLITE = "sqlite:.git/ledger.db"

P = TypeVar("P", bound="Workplace")

Victim = Literal["terrace", "runner", "terraform", "all"]

_TERRAFORM = """\
#!/bin/sh
# Stands in the place of terraform and carries out an order: VICTIM before|after COMMAND.
orders='{orders}'
strike() {{
  rm -f "$orders"
  while [ ! -s '{terrace}' ]; do sleep 0.01; done
  case "$1" in
    terrace) kill -KILL "$(cat '{terrace}')" ;;
    runner) kill -KILL $PPID ;;
    terraform) kill -KILL $$ ;;
    all) kill -KILL "$(cat '{terrace}')" $PPID $$ ;;
  esac
}}
victim= moment= command=
[ -r "$orders" ] && read -r victim moment command < "$orders"
[ "$command" = "$1" ] && [ "$moment" = before ] && strike "$victim"
if [ "$command" = "$1" ] && [ "$moment" = after ]; then
  '{terraform}' "$@"
  code=$?
  strike "$victim"
  exit $code
fi
exec '{terraform}' "$@"
"""

_MARK = """\
#!/bin/sh
# Run by a provisioner: leaves a mark, then carries out an order (VICTIM within apply) or runs what was laid there.
echo "$1" >> '{marks}'
orders='{orders}'
victim= moment=
[ -r "$orders" ] && read -r victim moment command < "$orders"
if [ "$2" = strike ] && [ "$moment" = within ]; then
  rm -f "$orders"
  maker=$PPID
  runner=$(awk '/^PPid/ {{ print $2 }}' /proc/$maker/status)
  while [ ! -s '{terrace}' ]; do sleep 0.01; done
  terrace=$(cat '{terrace}')
  case "$victim" in
    terrace) kill -KILL $terrace ;;
    runner) kill -KILL $runner ;;
    terraform) kill -KILL $maker ;;
    all) kill -KILL $terrace $runner $maker ;;
  esac
  sleep 0.1
fi
if [ "$2" = strike ] && [ -x '{within}' ]; then
  mv '{within}' '{within}.done'
  exec '{within}.done'
fi
"""

_STACK = """\
resource "terraform_data" "first" {{
  triggers_replace = "{release}"
  provisioner "local-exec" {{
    command = "exec {mark} first-{release}"
  }}
}}

resource "terraform_data" "second" {{
  triggers_replace = "{release}"
  depends_on       = [terraform_data.first]
  provisioner "local-exec" {{
    command = "exec {mark} second-{release} strike"
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Strike:
    """An order to kill."""

    victim: Victim
    moment: Literal["before", "within", "after"]
    command: str = "apply"

    def __str__(self) -> str:
        return f"{self.victim} {self.moment} {self.command}"


@dataclass(frozen=True, slots=True)
class Workplace:
    """A repository with one such stack in dev, and what was really made."""

    folder: Path
    backend: Backend
    ledger: str

    @property
    def work(self) -> Path:
        """The clone that is worked in."""
        return self.folder / "work"

    @property
    def home(self) -> Path:
        """What Terrace keeps on this machine."""
        return self.folder / "home"

    @property
    def key(self) -> str:
        """What its state is called in the backend."""
        return f"{self.folder.name}/dev"

    @property
    def seconds(self) -> float:
        """How long a deployment takes, roughly."""
        return 0.6

    @property
    def stage(self) -> Stage:
        """Where Terrace is played here."""
        variables = {
            **os.environ,
            "TERRACE_BACKUP_KEY": KEY,
            "TERRACE_HOME": str(self.folder / "home"),
            **self.backend.variables,
        }
        return Stage(self.folder / "work", variables)

    def release(self, name: str) -> str:
        """Commit a release that makes both resources anew, and return its commit."""
        work = self.folder / "work"
        commit_id = commit(work, {"environments/dev/main.tf": self.stack(name)}, f"release {name}")
        git(work, "push", "--quiet", "origin", "main")
        return commit_id

    def order(self, strike: Strike) -> None:
        """Have somebody killed when it comes to that."""
        (self.folder / "terrace").unlink(missing_ok=True)
        (self.folder / "orders").write_text(f"{strike}\n")

    def within(self, script: str) -> None:
        """Have this run by a shell in the middle of the next apply."""
        path = self.folder / "within"
        path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        path.chmod(0o755)

    def name_terrace(self, pid: int) -> None:
        """Say who drives: that is who dies where an order says terrace."""
        (self.folder / "terrace").write_text(f"{pid}\n")

    @property
    def obeyed(self) -> bool:
        """Whether the last order was carried out."""
        return not (self.folder / "orders").exists()

    def made(self, release: str) -> Counter[str]:
        """How often each resource of a release was really made."""
        lines = (self.folder / "marks").read_text().split() if (self.folder / "marks").exists() else []
        return Counter(line.removesuffix(f"-{release}") for line in lines if line.endswith(f"-{release}"))

    def applies(self) -> int:
        """How many applies were started so far."""
        return sum(1 for _ in (self.folder / "home").glob("data/*/runs/*/started.json"))

    def events(self) -> tuple[Event, ...]:
        """What the ledger holds; raises Corrupt when its chain does not hold."""
        work = self.folder / "work"
        if self.ledger != "git":
            path = work / self.ledger.removeprefix("sqlite:")
            return tuple(SqliteLedger(path, clock=_never, new_id=str, key=NO_KEY).read().events)
        return tuple(GitLedger(work, remote="origin", clock=_never, new_id=str, key=NO_KEY).read().events)

    def stack(self, release: str) -> str:
        """The configuration of a release."""
        return self.backend.block(self.key) + _STACK.format(release=release, mark=self.folder / "mark")


def workplace(folder: Path, backend: Backend, ledger: str = "git") -> Workplace:
    """Lay out a repository whose stack leaves marks."""
    return lay_out(Workplace(folder, backend, ledger))


def lay_out(place: P) -> P:
    """Make the repository of a workplace, its remote, and the scripts."""
    terraform = shutil.which("terraform")
    assert terraform is not None, "these tests need terraform on PATH"
    folder = place.folder
    names = {name: str(folder / name) for name in ("orders", "marks", "terrace", "within")}
    for name, text in (("terraform", _TERRAFORM), ("mark", _MARK)):
        script = folder / name
        script.write_text(text.format(**names, terraform=terraform))
        script.chmod(0o755)
    env = ", ".join(place.backend.variables)
    rules = (
        f"version: 1\nledger: {place.ledger}\nterraform: {{binary: {folder / 'terraform'}, lock_wait: 3s}}\n"
        f"environments:\n  dev: {{env: [{env}]}}\n"
    )
    with_remote(folder / "work", {"terrace.yaml": rules, "environments/dev/main.tf": place.stack("0")})
    return place


def _never() -> datetime:
    raise AssertionError("tests only read")
