"""The story of the demo: a commit goes from pull request to production, and the live resources are kept equal to it,
with the commands that a user would type."""

from __future__ import annotations

import base64
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.environ import ENVIRON
from terrace.adapters.terraform.binary import find as find_terraform
from terrace.adapters.terraform.cli_config import MIRRORS_VARIABLE, cli_config
from terrace.apps.demo.sample import (
    BUCKET,
    Layout,
    apply_plainly,
    break_production,
    change_module,
    lay,
    merge,
    prepared_revert,
)
from terrace.apps.output.console import console
from terrace.config.model import TerraformSettings
from terrace.errors import BadInput, TerraceError
from terrace.report.terminal.screen import Table, line, paragraph

ENVIRONMENTS = ("dev", "staging", "prod")


def demo(target: str | None, binary: str) -> int:
    """Plays the demo in a new folder, which is kept. Returns 0 where everything went as expected."""
    folder = _folder(target)
    began = time.monotonic()
    with EmbeddedAws() as aws:
        aws.make_bucket(BUCKET)
        stage = Stage(lay(folder, binary), aws, binary)
        stage.took("lay out the repository and start the cloud", time.monotonic() - began)
        _play(stage, aws)
    stage.end(time.monotonic() - began)
    return 0


def _play(stage: Stage, aws: EmbeddedAws) -> None:
    stage.say(
        "1  A shop that runs already", "Terraform made it, without Terrace. Terrace adopts the states as they are."
    )
    began = time.monotonic()
    apply_plainly(stage.layout, stage.terraform, stage.terraform_environment)
    stage.took("terraform apply, for all 4 stacks", time.monotonic() - began)
    stage.run("adopt", "--reason", "deployed with Terraform alone until now", "--yes")

    stage.say("2  Alice changes a module on a branch", "Every label gets a cost center. Which stacks does that impact?")
    change_module(stage.layout)
    stage.shell("git", "show", "--stat", "--oneline", "HEAD")
    stage.run("check")

    stage.say("3  The change is merged and deployed to dev", "The first environment requires no approval.")
    merge(stage.layout, "cost-centre")
    stage.run("deploy", "dev")

    stage.say("4  Promotion to staging", "One person other than the author must approve.")
    stage.run("promote", "staging", expect=1)
    stage.approve("staging", "bob", "tested it in dev")
    stage.run("resume", "staging")

    stage.say("5  Production needs three roles", "The network is deployed first, then the service that uses it.")
    stage.run("promote", "prod", expect=1)
    for person, comment in (("bob", "fits our network"), ("carol", "no new access"), ("dave", "ship it")):
        stage.approve("prod", person, comment)
    stage.run("resume", "prod", "--wait")

    stage.say("6  A port is opened by hand", "In the console of dev, and never closed.")
    aws.open_port("dev-orders-web", 22)
    stage.tell("  port 22 of dev-orders-web is open to everyone\n")
    stage.run("drift", "dev", expect=1)
    stage.tell("\nTwo consecutive checks must find it; then Terrace reverts what terrace.yaml allows.\n")
    stage.run("drift", "dev", "--remediate")
    stage.expect("dev-orders-web is open to everyone on ports", aws.open_ports("dev-orders-web"), (443,))

    stage.say("7  A bad release", "It passes every check, and turns out to be unhealthy in production.")
    break_production(stage.layout)
    merge(stage.layout, "fewer-replicas")
    stage.run("deploy", "dev")
    stage.run("promote", "staging")
    stage.run("promote", "prod", expect=1)
    for person in ("bob", "carol", "dave"):
        stage.approve("prod", person, "looks harmless")
    stage.run("resume", "prod", "--wait", expect=1)
    stage.expect("/prod-orders/replicas", aws.parameter("/prod-orders/replicas"), "3")

    stage.say(
        "8  Git is corrected",
        "Production is on hold, and a commit with the deployed configuration is ready on a branch.",
    )
    stage.run("status")
    branch = prepared_revert(stage.layout)
    stage.shell("git", "log", "--oneline", "--stat", "-1", branch)
    merge(stage.layout, branch)
    stage.run("tick")

    stage.say("9  Deployed versions", "Everything is read from the ledger, a branch of the repository.")
    stage.run("status")
    stage.run("history")

    stage.say("10  The live resources", "Read back from the cloud itself.")
    for name in ENVIRONMENTS:
        parameter = f"/{name}-orders/replicas"
        stage.expect(f"CostCentre of {parameter}", aws.tags(parameter).get("CostCentre"), "shop")


@dataclass
class Stage:
    """Announces the parts of the demo, runs commands as a user would, and measures their time."""

    layout: Layout
    aws: EmbeddedAws
    binary: str
    times: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._console = console()
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        self._own = {"TERRACE_HOME": str(self.layout.folder / "home"), "TERRACE_BACKUP_KEY": key}
        # Commands that a reader of the story runs later need the same providers.
        mirrors = {MIRRORS_VARIABLE: ENVIRON[MIRRORS_VARIABLE]} if ENVIRON.get(MIRRORS_VARIABLE) else {}
        exported = {**self._own, **mirrors}
        lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in exported.items())
        (self.layout.folder / "env.sh").write_text(lines)
        (self.layout.folder / "env.sh").chmod(0o600)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the story's commands."""
        return {**ENVIRON, **self.aws.variables, **self._own}

    @property
    def terraform(self) -> tuple[str, ...]:
        """The Terraform of the story: what precedes the arguments of each command."""
        return find_terraform(TerraformSettings(self.binary), ENVIRON, self.layout.folder / "home" / "cache").command

    @property
    def terraform_environment(self) -> Mapping[str, str]:
        """The environment of Terraform commands without Terrace: it finds the same providers."""
        config = cli_config(ENVIRON, self.layout.folder / "home" / "cache")
        return {**self.environment, "TF_CLI_CONFIG_FILE": str(config.path), "TF_IN_AUTOMATION": "1"}

    def say(self, title: str, text: str) -> None:
        """Starts a part of the story."""
        self._console.print()
        self._console.rule(line(title, style="bold"), align="left", style="green")
        self._console.print(paragraph([*text.split("\n"), ""], style="italic"))

    def tell(self, text: str) -> None:
        """Prints a line of plain text."""
        self._console.print(paragraph(text.split("\n")))

    def expect(self, name: str, actual: object, expected: object) -> None:
        """Shows a value of the cloud. Raises TerraceError where it is not the expected one."""
        self.tell(f"  {name} = {actual}")
        if actual != expected:
            raise TerraceError(f"{name} is {actual!r}, expected {expected!r}")

    def run(self, *arguments: str, expect: int = 0) -> None:
        """Runs terrace. Raises TerraceError where its exit code is not the expected one."""
        self._type(f"terrace {shlex.join(arguments)}")
        began = time.monotonic()
        code = self._call([sys.executable, "-P", "-m", "terrace", *arguments])
        self.took(f"terrace {' '.join(arguments[:2])}", time.monotonic() - began)
        if code != expect:
            raise TerraceError(
                f"`terrace {shlex.join(arguments)}` exited with {code}, expected {expect}",
                hint=f"inspect {self.layout.folder}: source env.sh, then terrace doctor",
            )

    def approve(self, environment: str, person: str, comment: str) -> None:
        """Approves as a second person, with their own key."""
        key = os.path.relpath(self.layout.key(person), self.layout.clone)
        self.run("approve", environment, "--as", person, "--key", key, "--yes", "-m", comment)

    def shell(self, *argv: str) -> None:
        """Runs another command that a user would type."""
        self._type(shlex.join(argv))
        self._call(list(argv))

    def took(self, name: str, seconds: float) -> None:
        """Records the duration of a part."""
        self.times.append((name, seconds))

    def end(self, whole: float) -> None:
        """Prints the durations, and commands to try next."""
        table = Table("part", "seconds")
        table.columns[1].justify = "right"
        for name, seconds in self.times:
            table.add(name, f"{seconds:.1f}")
        table.add(("all of it", "bold"), (f"{whole:.1f}", "bold"))
        self._console.print()
        self._console.rule(line("Done", style="bold"), align="left", style="green")
        self._console.print(table)
        last = "The cloud is gone; repository, ledger and backups are kept. Try next:"
        self._console.print(paragraph(["", last, ""]))
        folder = self.layout.folder
        for next_ in (
            f"cd {shlex.quote(str(self.layout.clone))}; source {shlex.quote(str(folder / 'env.sh'))}",
            "terrace show prod                 the steps and approvals of the last deployment",
            "terrace impact --base HEAD~1 --why",
            "terrace check --base HEAD~1 --format html --output check.html     the last change as an HTML page",
            "terrace ledger verify             the chain of events is intact",
            "git log origin/terrace/ledger     the ledger is a branch",
        ):
            self._console.print(line(f"  {next_}"), soft_wrap=True)

    def _type(self, command: str) -> None:
        self._console.print(line(f"$ {command}", style="bold cyan"), soft_wrap=True)

    def _call(self, argv: list[str]) -> int:
        sys.stdout.flush()
        done = subprocess.run(argv, cwd=self.layout.clone, env=dict(self.environment), check=False)
        if done.returncode == 130:
            raise KeyboardInterrupt
        return done.returncode


def _folder(target: str | None) -> Path:
    if target is None:
        return Path(tempfile.mkdtemp(prefix="terrace-demo-"))
    folder = Path(target).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} exists and is not empty", hint="use a new folder: --folder DIR")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
