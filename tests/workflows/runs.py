"""A repository with the generated workflows, and act, which runs them: on this machine, without containers or network.

Real: Terraform, Git and its remote, Terrace, every line of the workflows. Stand-ins: the actions of others (`actions/`;
one that has none fails the run), and GitHub itself (`forge.fake`). What act does not look at (rules of environments,
permissions, OIDC, queues) is held by tests over the files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from forge.fake import FakeGitHub
from forge.shapes import stamp
from support.cli import KEY, World
from support.forking import server
from support.git import git
from support.tools import program

ACTIONS = Path(__file__).parent / "actions"
OWNER = {"login": "acme"}
_TOO_NEW = ("queue: max", "deployment: false")
_USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)@([0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended; `said` is its log."""

    code: int
    said: str

    def ok(self) -> Ran:
        """It ended well."""
        assert self.code == 0, self.said[-6000:]
        return self


@dataclass
class Runs:
    """The runs of one repository. Each gets an id of its own, as on GitHub, and machines that know nothing of others.

    `variables` are the repository's; `around` is what the machines have in their environment besides.
    """

    shop: World
    fake: FakeGitHub
    place: Path
    count: int = 100
    variables: dict[str, str] = field(default_factory=dict)
    around: dict[str, str] = field(default_factory=dict)
    _counting: Lock = field(default_factory=Lock)

    @property
    def connected(self) -> dict[str, str]:
        """What a command in a terminal needs to ask the same GitHub."""
        place = f"{self.fake.owner}/{self.fake.name}"
        return {
            "GITHUB_TOKEN": "ghp_x",
            "GITHUB_API_URL": self.fake.api,
            "GITHUB_REPOSITORY": place,
            "GITHUB_ACTIONS": "true",
            "TERRACE_DIGEST_KEY": KEY,
        }

    def run(
        self, workflow: str, event: str, commit: str, payload: Mapping[str, Any] | None = None, **inputs: str
    ) -> Ran:
        """Run a workflow for an event, at a commit, until it ends."""
        id_ = self._next()
        mine = self.place / f"run-{id_}"
        (mine / "artifacts").mkdir(parents=True)
        told = {"repository": self._repository(), "sender": {"login": "mona", "type": "User"}, **(payload or {})}
        told |= {"inputs": inputs} if inputs else {}
        begun = stamp(datetime.now(UTC))
        self.fake.ran_by(id_, told["sender"]["login"], event=event, created_at=begun, updated_at=begun)
        (mine / "event.json").write_text(json.dumps(told))
        argv = [
            str(program("act")),
            event,
            *("--actor", told["sender"]["login"]),
            *("-W", f".github/workflows/{workflow}", "-e", str(mine / "event.json")),
            *("-P", "ubuntu-24.04=-self-hosted", "--action-offline-mode", "--no-cache-server", "--no-skip-checkout"),
            *("--action-cache-path", str(mine / "act"), "--concurrent-jobs", "2"),
            *(part for one in self._stand_ins() for part in ("--local-repository", one)),
            *(part for name, value in self._world(id_, commit, mine).items() for part in ("--env", f"{name}={value}")),
            *(
                "-s",
                f"GITHUB_TOKEN=ghs_{'x' * 30}",
                "-s",
                f"TERRACE_BACKUP_KEY={KEY}",
                "-s",
                f"TERRACE_DIGEST_KEY={KEY}",
            ),
            *(part for name, value in self.variables.items() for part in ("--var", f"{name}={value}")),
            *(part for name, value in inputs.items() for part in ("--input", f"{name}={value}")),
        ]
        done = subprocess.run(
            argv, cwd=self._readable(mine, commit), env=self._surroundings(mine), capture_output=True, text=True
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    def _next(self) -> int:
        with self._counting:
            self.count += 1
            return self.count

    def _readable(self, mine: Path, commit: str) -> Path:
        """The files as of that commit, without the two keys that GitHub knows since 2026 and act does not yet."""
        folder = mine / "files"
        git(self.shop.work, "clone", "--quiet", "--no-checkout", str(self.shop.remote), str(folder))
        git(folder, "checkout", "--quiet", "--detach", commit)
        for path in (folder / ".github/workflows").glob("*.yml"):
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join(line for line in lines if line.split("#")[0].strip() not in _TOO_NEW))
        return folder

    def _repository(self) -> dict[str, Any]:
        full = f"{self.fake.owner}/{self.fake.name}"
        return {"full_name": full, "name": self.fake.name, "default_branch": "main", "owner": OWNER}

    def _world(self, id_: int, commit: str, mine: Path) -> dict[str, str]:
        return {
            "TEST_REMOTE": str(self.shop.remote),
            "TEST_COMMIT": commit,
            "TEST_ARTIFACTS": str(mine / "artifacts"),
            "GITHUB_API_URL": self.fake.api,
            "GITHUB_REPOSITORY": f"{self.fake.owner}/{self.fake.name}",
            "GITHUB_RUN_ID": str(id_),
            "TERRACE_HOME": str(mine / "terrace"),
            "TERRACE_PROVIDER_MIRRORS": os.environ["TERRACE_PROVIDER_MIRRORS"],
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            **self.around,
        }

    def _surroundings(self, mine: Path) -> dict[str, str]:
        server().put_program(mine / "bin")
        path = os.pathsep.join([str(mine / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "HOME": str(mine), "XDG_CACHE_HOME": str(mine / "cache")}

    def _stand_ins(self) -> list[str]:
        """For every action of others that the files use, the folder that stands in for it."""
        texts = [path.read_text() for path in (self.shop.work / ".github").rglob("*.yml")]
        found = {(repo, commit) for text in texts for repo, _, commit in _USES.findall(text)}
        return sorted(f"{repo}@{commit}={ACTIONS / repo.split('/')[1]}" for repo, commit in found)
