"""Terrace as a user runs it: a process of its own, in a real repository, on stacks that need no cloud.

`World.start` starts it as a shell does; `World.run`, which most tests use, forks it from a process that has imported
everything (see `support.forking`).
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.forking import server
from support.git import commit, git, with_remote
from support.records import validate

KEY = base64.b64encode(bytes(range(32))).decode()
PATIENCE = 120.0
"""How long a command may take, in seconds."""

PEOPLE = ("ann", "bob", "carol")

LADDER = """\
version: 1
environments:
  dev: {}
  staging: {after: dev, approvals: 1}
  prod: {after: staging, approvals: {owners: 1, security: 1}}
teams: {owners: [bob], security: [carol]}
people:
  ann: {emails: [ann@example.com]}
  bob: {emails: [bob@example.com]}
  carol: {emails: [carol@example.com]}
"""

MODULE = """\
variable "name" {
  type = string
}

resource "terraform_data" "it" {
  input = "${var.name}-1"
}

output "it" {
  value = terraform_data.it.output
}
"""


def root(name: str, module: str = "../../modules/thing") -> str:
    """A root module that calls the one local module."""
    call = f'module "thing" {{\n  source = "{module}"\n  name   = "{name}"\n}}\n'
    return f'{call}\noutput "it" {{\n  value = module.thing.it\n}}\n'


def three_environments() -> dict[str, str]:
    """dev, staging and prod, one stack each, and a module."""
    files = {f"environments/{name}/main.tf": root(name) for name in ("dev", "staging", "prod")}
    return {**files, "modules/thing/main.tf": MODULE, "terrace.yaml": LADDER}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The object that the command printed with `--json`, which must be one of the documented ones."""
        printed = json.loads(self.out)
        if "schema" in printed:
            validate(self.out)
        return printed


@dataclass
class World:
    """A repository, the keys of its people, and Terrace in it."""

    work: Path
    variables: dict[str, str] = field(default_factory=dict)
    forks: bool = True
    """Whether `run` forks its commands; where a test looks at the processes themselves, it starts them."""

    @property
    def remote(self) -> Path:
        return self.work.with_name(f"{self.work.name}.git")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TERRACE_BACKUP_KEY": KEY, **self.variables}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "terrace", *arguments],
            cwd=self.work,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **more: str) -> Done:
        """Run a command to its end; `more` are variables."""
        environment = {**self.environment, **more}
        if self.forks and sys.platform == "linux" and server().fits(environment):
            forked = server().run(arguments, self.work, environment, PATIENCE)
            return Done(forked.returncode, forked.stdout, forked.stderr)
        with self.start(*arguments, **more) as child:
            out, err = child.communicate(timeout=PATIENCE)
        return Done(child.returncode, out, err)

    def ok(self, *arguments: str, **more: str) -> Done:
        """Run a command that must end well."""
        done = self.run(*arguments, **more)
        assert done.code == 0, done.out + done.err
        return done

    def key(self, person: str) -> Path:
        return self.work.with_name("keys") / person

    def approve(self, environment: str, person: str, *options: str) -> Done:
        """Somebody approves with their key."""
        return self.run("approve", environment, "--as", person, "--key", str(self.key(person)), "--yes", *options)

    def push(self, files: Mapping[str, str | None], message: str = "change") -> str:
        """Commit on main and push."""
        pushed = commit(self.work, files, message)
        git(self.work, "push", "--quiet", "origin", "main")
        return pushed

    def status(self) -> dict[str, Any]:
        """`terrace status`, by environment."""
        return {row["name"]: row for row in self.ok("status", "--json").json["environments"]}

    def state(self, environment: str) -> dict[str, Any]:
        """The local state of an environment's only stack."""
        (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/{environment}/{environment}/terraform.tfstate")
        content: dict[str, Any] = json.loads(path.read_text())
        return content


def world(folder: Path, files: Mapping[str, str]) -> World:
    """A world with these files on main, pushed, and with ann, bob and carol as signers. Git signs with ann's key."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    lines = []
    for person in PEOPLE:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / person], check=True)
        lines.append(f"{person} {(keys / f'{person}.pub').read_text()}")
    work = with_remote(folder / "work", {**files, ".terrace/allowed_signers": "".join(lines)})
    git(work, "config", "gpg.format", "ssh")
    git(work, "config", "user.signingkey", keys / "ann")
    return World(work)
