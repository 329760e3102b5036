"""The command line: a table of the commands. The module of a command is imported when the command is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from terrace import __version__


class Entry(NamedTuple):
    """A command of the table: the section of `terrace --help` that lists it, its line there, and its module.

    The module has a click command of the command's own name.
    """

    section: str
    summary: str
    module: str


_COMMANDS = "terrace.apps.cli.commands"

COMMANDS: Mapping[str, Entry] = {
    "init": Entry(
        "Start", "Write terrace.yaml and policies for this repository, or what its forge needs.", f"{_COMMANDS}.init"
    ),
    "adopt": Entry(
        "Start",
        "Take over every stack that something else deployed: find its state, plan on it, back it up,...",
        f"{_COMMANDS}.adopt",
    ),
    "doctor": Entry(
        "Start", "What Terrace needs on this machine, what is there, and how to get the rest.", f"{_COMMANDS}.doctor"
    ),
    "demo": Entry(
        "Start",
        "Play the whole story on an embedded cloud: branch, check, merge, deploy, approve, prod.",
        f"{_COMMANDS}.demo",
    ),
    "tools": Entry(
        "Start", "Programs of others that Terrace can use: scanners, and OPA for policies.", f"{_COMMANDS}.tools"
    ),
    "check": Entry("A change", "Everything a pull request is checked for, on the working tree.", f"{_COMMANDS}.check"),
    "explain": Entry(
        "A change",
        "What a rule of a check or of a policy means, or a factor of the risk: why it matters, how to fix...",
        f"{_COMMANDS}.explain",
    ),
    "impact": Entry(
        "A change", "Which stacks the working tree's changes touch, and through which modules.", f"{_COMMANDS}.impact"
    ),
    "plan": Entry(
        "A change",
        "Plan stacks of the working tree: all of them, those named (`prod/network`), or all of an...",
        f"{_COMMANDS}.plan",
    ),
    "policy": Entry(
        "A change",
        "Policies in Rego: write them, test them, and see what they are given and why they speak.",
        f"{_COMMANDS}.policy",
    ),
    "scan": Entry("A change", "One look of `check` alone, at everything that is there.", f"{_COMMANDS}.scan"),
    "docs": Entry(
        "A change", "The page of each module in its README: write it, or tell whether it is right.", f"{_COMMANDS}.docs"
    ),
    "waive": Entry("A change", "Write a waiver: somebody answers for one finding until a day.", f"{_COMMANDS}.waive"),
    "waivers": Entry(
        "A change",
        "Every waiver of the working tree: for what, whose, and how many days are left.",
        f"{_COMMANDS}.waive",
    ),
    "baseline": Entry(
        "A change",
        "Write what is there on day one into .terrace/baseline.yaml, so that only new findings hold a change.",
        f"{_COMMANDS}.baseline",
    ),
    "deploy": Entry(
        "Deploy",
        "Take a commit into ENV as far as it goes now: to its end, or to where somebody must act.",
        f"{_COMMANDS}.deploy",
    ),
    "promote": Entry("Deploy", "Take into ENV what succeeded in the environment before it.", f"{_COMMANDS}.promote"),
    "approve": Entry(
        "Deploy", "Say yes to exactly the plans that wait in ENV, signed with your SSH key.", f"{_COMMANDS}.approve"
    ),
    "reject": Entry(
        "Deploy", "Say no to what waits in ENV: the deployment ends, nothing is applied.", f"{_COMMANDS}.approve"
    ),
    "resume": Entry(
        "Deploy", "Go on with an open deployment: after approvals, or after an interruption.", f"{_COMMANDS}.resume"
    ),
    "hold": Entry("Deploy", "Let no new deployment into ENV until somebody takes the hold back.", f"{_COMMANDS}.hold"),
    "unhold": Entry("Deploy", "Let ENV take deployments again.", f"{_COMMANDS}.hold"),
    "tick": Entry(
        "Deploy",
        "Do all that is due now, everywhere or in ENV, and exit: for cron, GitHub Actions, or by hand.",
        f"{_COMMANDS}.tick",
    ),
    "rollback": Entry(
        "Undo",
        "Take ENV back to its last good release: a plan of the old commit, through the same gates.",
        f"{_COMMANDS}.rollback",
    ),
    "destroy": Entry(
        "Undo",
        "Take down all that ENV holds, or one STACK of it, in reverse order and through the same gates.",
        f"{_COMMANDS}.destroy",
    ),
    "status": Entry("Status", "What is deployed where, and what each environment waits for.", f"{_COMMANDS}.status"),
    "history": Entry(
        "Status", "Every deployment, newest first: who, what, when, how it ended.", f"{_COMMANDS}.history"
    ),
    "show": Entry(
        "Status",
        "One deployment with its steps and approvals, by its id or the environment's name.",
        f"{_COMMANDS}.show",
    ),
    "drift": Entry(
        "Drift and audits",
        "Whether what is there is what was deployed, and what would undo what is not.",
        f"{_COMMANDS}.drift",
    ),
    "report": Entry("Drift and audits", "What the ledger can show to others: compliance.", f"{_COMMANDS}.report"),
    "chatops": Entry(
        "Chat",
        "Answer the comment that this run of CI is about: a line like `/terrace status`.",
        f"{_COMMANDS}.chatops",
    ),
    "serve": Entry(
        "Server",
        "Take in what GitHub delivers to /webhooks/github; `terrace worker` works it off.",
        f"{_COMMANDS}.serve",
    ),
    "worker": Entry(
        "Server",
        "Work off what `terrace serve` took in, and do what is due (as `terrace tick`), until ^C.",
        f"{_COMMANDS}.worker",
    ),
    "inbox": Entry("Server", "What was delivered and what came of it, the newest first.", f"{_COMMANDS}.inbox"),
    "state": Entry(
        "Maintenance",
        "Copies of states: save, list, compare, bring back, and prove that they can be; and states made...",
        f"{_COMMANDS}.state",
    ),
    "ledger": Entry("Maintenance", "What happened, for good: check it, or take it elsewhere.", f"{_COMMANDS}.ledger"),
    "config": Entry("Maintenance", "terrace.yaml: its schema, and whether yours is right.", f"{_COMMANDS}.config"),
    "completion": Entry(
        "Maintenance", 'Shell completion: `eval "$(terrace completion bash)"`.', f"{_COMMANDS}.completion"
    ),
}
"""Every command by name, in the order of `terrace --help`."""


class CommandTable(click.Group):
    """A group that imports a command when it is called. Its help comes from the table and imports none."""

    def __init__(self, entries: Mapping[str, Entry], **settings: Any) -> None:
        super().__init__(**settings)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command; None where there is none of that name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands by section."""
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            rows = [(name, entry.summary) for name, entry in self.entries.items() if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


@click.command(
    cls=CommandTable,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="terrace")
@click.option("-C", "folder", default=".", metavar="DIR", help="Work as if started in DIR.", type=click.Path())
@click.pass_context
def cli(ctx: click.Context, folder: str) -> None:
    """GitOps for Terraform and OpenTofu: a commit goes from pull request to production, gate by gate.

    \b
    First steps:   terrace demo          see it all, on an embedded cloud
                   terrace init          write terrace.yaml for this repository
                   terrace check         what would this branch change, and may it?

    Exit codes: 0 passed or nothing to do, 1 blocked or waiting, 2 wrong use or broken input, 3 a fault of Terrace.
    """
    ctx.obj = folder


def main() -> None:
    """The entry point: runs a command and turns what broke into a message, a hint and an exit code."""
    from terrace.adapters.hardening import harden
    from terrace.apps.cli.error_handler import guarded

    harden()
    sys.exit(guarded(cli))
