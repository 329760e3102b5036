"""Commands about what judges a change: names and options only; the work is imported when one is called."""

from __future__ import annotations

from typing import Any

import click

from terrace.apps.cli.options import JSON


@click.group()
def policy() -> None:
    """Policies in Rego: write them, test them, and see what they are given and why they speak.

    \b
    terrace policy new s3_versioning        a rule with its tests, to change to yours
    terrace policy test --watch             its tests, again at every change
    terrace policy input dev                what it is given of a stack
    terrace policy try s3_versioning dev    what it says of one, and because of which values
    """


@policy.command("new")
@click.argument("name", metavar="NAME")
@click.pass_obj
def policy_new(folder: str, name: str) -> int:
    """Write a rule NAME with its tests into your first folder of policies; nothing is overwritten."""
    from terrace.apps.cli.policy import new

    return new(folder, name)


@policy.command("test")
@click.option("--coverage", is_flag=True, help="Tell how much of each file the tests run, and which lines they miss.")
@click.option("--watch", is_flag=True, help="Run again whenever a policy changes, until ^C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, coverage included.")
@click.pass_obj
def policy_test(folder: str, coverage: bool, watch: bool, as_json: bool) -> int:
    """Run the tests (`*_test.rego`) of the working tree's policies; exit 1 when one fails."""
    from terrace.apps.cli import policy as commands

    if watch and as_json:
        raise click.UsageError("--watch never ends, and --json is one object: use one of them")
    if watch:
        return commands.watch(folder, coverage=coverage)
    return commands.test(folder, coverage=coverage, as_json=as_json)


@policy.command("try")
@click.argument("rule", metavar="RULE")
@click.argument("what", metavar="STACK|PLAN.json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def policy_try(folder: str, rule: str, what: str, as_json: bool) -> int:
    """Run one rule on one plan: what it says, and the values of the resource that this hangs on.

    RULE is a package, its last word, its id or its file; PLAN.json is what `terraform show -json` wrote. Nothing
    sensitive is shown.
    """
    from terrace.apps.cli.policy import attempt

    return attempt(folder, rule, what, as_json=as_json)


@policy.command("input")
@click.argument("what", metavar="STACK|PLAN.json")
@click.option(
    "--as",
    "shape",
    type=click.Choice(["view", "plan"]),
    default="view",
    help="Terrace's view, or the plain plan as conftest knows it.",
)
@click.pass_obj
def policy_input(folder: str, what: str, shape: str) -> int:
    """Plan a stack of the working tree, or read a plan, and print what policies are given of it, as JSON."""
    from terrace.apps.cli.policy import given

    return given(folder, what, "plan" if shape == "plan" else "view")


@policy.command("update")
@click.option("--dry-run", is_flag=True, help="Only tell what would be written.")
@click.pass_obj
def policy_update(folder: str, dry_run: bool) -> int:
    """Write the policies that come with this Terrace into policies/terrace; what you changed there is told and left."""
    from terrace.apps.cli.policy import update

    return update(folder, dry_run=dry_run)


@click.group()
def scan() -> None:
    """One look of `check` alone, at everything that is there."""


@scan.command("secrets")
@click.option("--history", is_flag=True, help="Look at every commit that a branch or tag reaches.")
@JSON
@click.pass_obj
def scan_secrets(folder: str, history: bool, as_json: bool) -> int:
    """Look for secrets in the files of the working tree. No secret is ever printed.

    \b
    Examples:
      terrace scan secrets
      terrace scan secrets --history --json
    """
    from terrace.apps.cli.scan import secrets

    return secrets(folder, history=history, as_json=as_json)


@click.group()
def docs() -> None:
    """The page of each module in its README: write it, or tell whether it is right."""


MODULES = click.argument("folders", nargs=-1, metavar="[FOLDER]...")


@docs.command("generate")
@MODULES
@JSON
@click.pass_obj
def docs_generate(folder: str, folders: tuple[str, ...], as_json: bool) -> int:
    """Write inputs, outputs, requirements, providers, resources and modules between markers in each module's README.

    Every module without arguments; stacks, examples and tests only where their README has markers. Those of
    terraform-docs will do. What stands outside of the markers is not touched; where there is no README, one is made.

    \b
    Examples:
      terrace docs generate
      terrace docs generate modules/network environments/dev
    """
    from terrace.apps.cli.docs import generate

    return generate(folder, folders, as_json=as_json)


@docs.command("check")
@MODULES
@JSON
@click.pass_obj
def docs_check(folder: str, folders: tuple[str, ...], as_json: bool) -> int:
    """Tell which pages `generate` would write, with the diff; exit 1 when there is one.

    \b
    Examples:
      terrace docs check
      terrace docs check modules/network --json
    """
    from terrace.apps.cli.docs import check

    return check(folder, folders, as_json=as_json)


@click.command()
@click.argument("rule", metavar="RULE")
@click.argument("address", metavar="[ADDRESS]", default="")
@click.option("--path", default="", metavar="FILE", help="Where it is, if it is in a file and not a resource.")
@click.option("--stack", default="", metavar="STACK", help="Only there (`prod/app`); in every stack if not said.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it: a person or team of terrace.yaml.")
@click.option("--reason", required=True, help="Why it may stay.")
@click.option("--until", default="", metavar="DAY", help="Its last day (2026-12-31); the longest allowed if not said.")
@click.option("--ticket", default="", help="Where it is followed up.")
@click.option("--unknown", is_flag=True, help="For a verdict that cannot be told before apply.")
@JSON
@click.pass_obj
def waive(folder: str, /, as_json: bool, **asked: Any) -> int:
    """Write a waiver: somebody answers for one finding until a day. The finding stays, and holds nothing meanwhile.

    It counts once it is merged into the protected branch.

    \b
    Examples:
      terrace waive s3-encryption aws_s3_bucket.logs --owner security --reason "moves to KMS" --until 2026-12-31
      terrace waive s3-encryption 'module.app.aws_s3_bucket.logs[*]' --stack prod/app --owner ann --reason "..."
      terrace waive format --path modules/app/main.tf --owner ann --reason "generated"
    """
    from terrace.apps.cli.waiving import Asked, waive

    return waive(folder, Asked(**asked), as_json=as_json)


@click.command()
@JSON
@click.pass_obj
def waivers(folder: str, as_json: bool) -> int:
    """Every waiver of the working tree: for what, whose, and how many days are left."""
    from terrace.apps.cli.waiving import waivers

    return waivers(folder, as_json=as_json)


@click.command()
@click.option("--owner", default="", metavar="NAME", help="Who answers for what comes in; you, if not said.")
@click.option("--reason", default="", help="Why it may stay until then.")
@click.option(
    "--expires", default="", metavar="DAY", help="Its last day (2026-12-31); the longest allowed if not said."
)
@click.option("--accept", multiple=True, metavar="RULE", help="Let findings of RULE in that are new; needs --owner.")
@JSON
@click.pass_obj
def baseline(folder: str, /, as_json: bool, **asked: Any) -> int:
    """Write what is there on day one into .terrace/baseline.yaml, so that only new findings hold a change.

    Run again, it takes out what is gone, and adds nothing: the count only falls. It counts once it is merged.

    \b
    Examples:
      terrace baseline --owner platform --expires 2026-12-31
      terrace baseline                                            after something was mended
      terrace baseline --accept s3-logging --owner security       when a rule is new
    """
    from terrace.apps.cli.baseline import Asked, baseline

    return baseline(folder, Asked(**asked), as_json=as_json)


COMMANDS = (
    policy,
    scan,
    docs,
    waive,
    waivers,
    baseline,
)
