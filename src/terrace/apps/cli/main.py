"""The command line: a table of the commands. The module of a command is imported when the command runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.exceptions import NoSuchCommand

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
        "Start",
        "Write terrace.yaml for this repository, or the files for GitHub or GitLab.",
        f"{_COMMANDS}.init",
    ),
    "adopt": Entry("Start", "Adopt stacks that were deployed without Terrace.", f"{_COMMANDS}.adopt"),
    "doctor": Entry(
        "Start",
        "Check the requirements of Terrace on this machine, and show how to install what is missing.",
        f"{_COMMANDS}.doctor",
    ),
    "demo": Entry(
        "Start", "Run a demo on an embedded cloud: branch, check, merge, deploy, approve, prod.", f"{_COMMANDS}.demo"
    ),
    "tools": Entry("Start", "Manage third-party tools: scanners, and OPA for policies.", f"{_COMMANDS}.tools"),
    "check": Entry("Changes", "Run all checks of a pull request on the working tree.", f"{_COMMANDS}.check"),
    "lint": Entry(
        "Changes",
        "Run the checks that read files only on the changes of the working tree.",
        f"{_COMMANDS}.lint",
    ),
    "impact": Entry(
        "Changes",
        "Show which stacks the working tree's changes impact, and through which modules.",
        f"{_COMMANDS}.impact",
    ),
    "plan": Entry("Changes", "Plan stacks of the working tree, and show what would change.", f"{_COMMANDS}.plan"),
    "policy": Entry("Changes", "Write, test and debug Rego policies.", f"{_COMMANDS}.policy"),
    "scan": Entry("Changes", "Run a single check on the whole repository.", f"{_COMMANDS}.scan"),
    "docs": Entry("Changes", "Write or check the module docs in READMEs.", f"{_COMMANDS}.docs"),
    "waive": Entry("Changes", "Add a waiver for one finding, with an owner and an expiry date.", f"{_COMMANDS}.waive"),
    "waivers": Entry(
        "Changes", "List the waivers of the working tree, with their owners and the days left.", f"{_COMMANDS}.waive"
    ),
    "baseline": Entry(
        "Changes",
        "Record all current findings in .terrace/baseline.yaml, so that only new findings block a change.",
        f"{_COMMANDS}.baseline",
    ),
    "deploy": Entry("Deploy", "Deploy a commit to ENV.", f"{_COMMANDS}.deploy"),
    "promote": Entry(
        "Deploy",
        "Deploy to ENV a commit that succeeded in the previous environment, by default the newest one.",
        f"{_COMMANDS}.promote",
    ),
    "approve": Entry(
        "Deploy",
        "Show the pending plans of ENV, ask, and sign the approval with your SSH key.",
        f"{_COMMANDS}.approve",
    ),
    "reject": Entry("Deploy", "Reject the pending deployment of ENV.", f"{_COMMANDS}.approve"),
    "resume": Entry("Deploy", "Continue an open deployment after approvals or an interruption.", f"{_COMMANDS}.resume"),
    "hold": Entry("Deploy", "Block new deployments to ENV until the hold is released.", f"{_COMMANDS}.hold"),
    "unhold": Entry("Deploy", "Release the hold of ENV.", f"{_COMMANDS}.hold"),
    "tick": Entry("Deploy", "Run all scheduled work now, in ENV or everywhere, and exit.", f"{_COMMANDS}.tick"),
    "rollback": Entry(
        "Undo",
        "Roll ENV back to its last good release: plan and apply the old commit, through the same gates.",
        f"{_COMMANDS}.rollback",
    ),
    "destroy": Entry(
        "Undo",
        "Destroy all stacks of ENV, or one STACK, in reverse order and through the same gates.",
        f"{_COMMANDS}.destroy",
    ),
    "status": Entry(
        "Status", "Show the deployed commit and the pending work of each environment.", f"{_COMMANDS}.status"
    ),
    "history": Entry("Status", "List the deployments, newest first, with their result.", f"{_COMMANDS}.history"),
    "show": Entry(
        "Status",
        "Show a deployment with its changes and approvals, by its id or the name of its environment.",
        f"{_COMMANDS}.show",
    ),
    "explain": Entry(
        "Status",
        "Explain why an environment or a deployment is where it is, or what a rule means.",
        f"{_COMMANDS}.explain",
    ),
    "diff": Entry(
        "Status",
        "Show what TARGET would get from SOURCE: commits, authors, tickets, values and plans.",
        f"{_COMMANDS}.diff",
    ),
    "drift": Entry(
        "Drift and audits",
        "Detect drift between the live resources and the deployed commit, and show how to fix it.",
        f"{_COMMANDS}.drift",
    ),
    "report": Entry("Drift and audits", "Create reports from the ledger.", f"{_COMMANDS}.report"),
    "chatops": Entry(
        "Chat",
        "Answer the pull request comment that started this CI run, such as `/terrace status`.",
        f"{_COMMANDS}.chatops",
    ),
    "serve": Entry(
        "Server",
        "Receive GitHub webhooks at /webhooks/github, and queue them for `terrace worker`.",
        f"{_COMMANDS}.serve",
    ),
    "worker": Entry(
        "Server",
        "Process the webhooks of `terrace serve`, and run scheduled work (as `terrace tick`), until ^C.",
        f"{_COMMANDS}.worker",
    ),
    "inbox": Entry("Server", "List the webhook deliveries with their results, newest first.", f"{_COMMANDS}.inbox"),
    "state": Entry(
        "Maintenance",
        "Manage state backups (create, list, compare, restore, test), and adopt existing states.",
        f"{_COMMANDS}.state",
    ),
    "ledger": Entry("Maintenance", "Verify, export and repair the ledger.", f"{_COMMANDS}.ledger"),
    "config": Entry("Maintenance", "Validate terrace.yaml, or print its JSON Schema.", f"{_COMMANDS}.config"),
    "completion": Entry("Maintenance", "Print the shell completion script.", f"{_COMMANDS}.completion"),
}
"""Every command by name, in the order of `terrace --help`."""


class CommandTable(click.Group):
    """A group that imports a command when it runs. Its own help comes from the table and imports no command."""

    def __init__(self, entries: Mapping[str, Entry], **settings: Any) -> None:
        super().__init__(**settings)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command; None if there is no command of that name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the called command. An unknown name is an error that suggests the nearest names of the table."""
        if args[0] not in self.entries and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise NoSuchCommand(args[0], possibilities=self.entries, ctx=ctx)
        return super().resolve_command(ctx, args)

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
@click.option("-C", "folder", default=".", metavar="DIR", help="Run as if started in DIR.", type=click.Path())
@click.pass_context
def cli(ctx: click.Context, folder: str) -> None:
    """GitOps for Terraform and OpenTofu: a commit goes from pull request to production, gate by gate.

    \b
    First steps:   terrace demo          see everything, on an embedded cloud
                   terrace init          write terrace.yaml for this repository
                   terrace check         check the change of this branch

    Exit codes: 0 passed or nothing to do, 1 blocked or waiting, 2 wrong use or broken input, 3 a bug in Terrace.
    """
    ctx.obj = folder


def collect_rarely() -> None:
    """Lets Python search for cycles of objects after 100,000 new ones, not after 700.

    Imports, configurations and plans create many objects and next to no cycles: the searches took a third of the time
    of `impact` in a repository of 10,000 stacks, and a tenth of the start.
    """
    gc.set_threshold(100_000, 20, 100)


def main() -> None:
    """Runs a command, and turns an error into a message, a hint and an exit code."""
    collect_rarely()
    from terrace.adapters.hardening import harden
    from terrace.apps.cli.error_handler import run_command_line

    harden()
    sys.exit(run_command_line(cli))
