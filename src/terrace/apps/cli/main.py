"""The command line. Only names and options stand here; each command's work is imported when it is called."""

from __future__ import annotations

import sys

import click

from terrace import __version__
from terrace.apps.cli import (
    change_commands,
    deploy_commands,
    drift_commands,
    forge_commands,
    init_commands,
    judging_commands,
    look_commands,
    server_commands,
    state_commands,
)
from terrace.apps.cli.options import JSON

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Start", ("init", "adopt", "doctor", "demo", "tools")),
    ("A change", ("check", "explain", "impact", "plan", "policy", "scan", "docs", "waive", "waivers", "baseline")),
    ("Deploy", ("deploy", "promote", "approve", "reject", "resume", "hold", "unhold", "tick")),
    ("Undo", ("rollback", "destroy")),
    ("Look", ("status", "history", "show")),
    ("Watch", ("drift", "report")),
    ("Talk", ("chatops",)),
    ("Serve", ("serve", "worker", "inbox")),
    ("Keep", ("state", "ledger", "config", "completion")),
)
"""The commands as `terrace --help` groups them."""


class Ladder(click.Group):
    """Groups commands by what people want."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS:
            commands = [(n, self.commands[n].get_short_help_str(100)) for n in names if n in self.commands]
            with formatter.section(title):
                formatter.write_dl(commands)


@click.group(cls=Ladder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for group in (
    init_commands,
    change_commands,
    judging_commands,
    deploy_commands,
    look_commands,
    drift_commands,
    state_commands,
    forge_commands,
    server_commands,
):
    for command in group.COMMANDS:
        cli.add_command(command)


@cli.group()
def tools() -> None:
    """Programs of others that Terrace can use: scanners, and OPA for policies."""


@tools.command("list")
@JSON
def tools_list(as_json: bool) -> int:
    """Which there are, where they were found, and what is not looked at without the others.

    What is on PATH goes before what Terrace installed.
    """
    from terrace.apps.cli.tools import listed

    return listed(as_json=as_json)


@tools.command("install")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def tools_install(names: tuple[str, ...]) -> int:
    """Install tools into Terrace's own folder: all that are found nowhere, or these.

    Each is of one version, proven by checksums, and needs no rights of root. Nothing of the repository is touched.

    \b
    Examples:
      terrace tools install              all that are missing
      terrace tools install checkov opa
    """
    from terrace.apps.cli.tools import install

    return install(names)


@cli.group()
def config() -> None:
    """terrace.yaml: its schema, and whether yours is right."""


@config.command("schema")
def config_schema() -> int:
    """The JSON Schema of terrace.yaml, for editors."""
    from terrace.apps.cli.configuration import config_schema

    return config_schema()


@config.command("check")
@JSON
@click.pass_obj
def config_check(folder: str, as_json: bool) -> int:
    """Read terrace.yaml of the working tree and tell everything that is wrong in it."""
    from terrace.apps.cli.configuration import config_check

    return config_check(folder, as_json=as_json)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Shell completion: `eval "$(terrace completion bash)"`."""
    from terrace.apps.cli.configuration import completion

    return completion(cli, shell)


@cli.command()
@click.option(
    "--lane", "environment", metavar="ENV", help="Plan its stacks with and without the fast lane, and compare."
)
@JSON
@click.pass_obj
def doctor(folder: str, environment: str | None, as_json: bool) -> int:
    """What Terrace needs on this machine, what is there, and how to get the rest."""
    if environment is not None:
        from terrace.apps.cli.lane import compare

        return compare(folder, environment, as_json=as_json)
    from terrace.apps.cli.doctor import doctor

    return doctor(folder, as_json=as_json)


@cli.command()
@click.option("--folder", "target", metavar="DIR", help="Where to play it; a new folder if not said.")
@click.option("--binary", default="auto", metavar="NAME", help="auto, terraform, tofu, embedded, or a path.")
def demo(target: str | None, binary: str) -> int:
    """Play the whole story on an embedded cloud: branch, check, merge, deploy, approve, prod."""
    from terrace.apps.demo.story import demo

    return demo(target, binary)


def main() -> None:
    """The entry point: runs a command and turns what broke into a message, a hint and an exit code."""
    from terrace.adapters.hardening import harden
    from terrace.apps.cli.failing import guarded

    harden()
    sys.exit(guarded(cli))
