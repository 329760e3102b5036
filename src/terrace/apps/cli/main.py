"""The command line. Only names and options stand here; each command's work is imported when it is called."""

from __future__ import annotations

import sys
from typing import Any

import click

from terrace import __version__
from terrace.apps.cli.drift_commands import drift
from terrace.apps.cli.state_commands import state
from terrace.assess.compliance.frameworks import NAMES

ENVIRONMENT = "ENV"

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Start", ("init", "doctor", "demo", "tools")),
    ("A change", ("check", "explain", "impact", "plan", "policy", "scan", "docs", "waive", "waivers", "baseline")),
    ("Deploy", ("deploy", "promote", "approve", "reject", "resume", "hold", "unhold", "tick")),
    ("Undo", ("rollback", "destroy")),
    ("Look", ("status", "history", "show")),
    ("Watch", ("drift", "report")),
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


FORMATS = ("terminal", "markdown", "html", "sarif", "junit", "json")
"""What `terrace check` can be told as; `terrace.apps.cli.reports` knows how."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/reference/json.md).")
WAIT = click.option("--wait", is_flag=True, help="Sit through what mere time will do, such as a bake.")
ENV = click.argument("environment", metavar=ENVIRONMENT)


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


@cli.command()
@click.argument("environments", metavar="[ENV]...", nargs=-1)
@click.option("--base", metavar="REF", help="Compare with this commit instead of the protected branch.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="terminal")
@click.option("--output", metavar="FILE", type=click.Path(), help="Write to FILE and not to stdout.")
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Write this too; may be said again.")
@click.option("--explain", is_flag=True, help="Show every reason of the risk, and its place in the formula.")
@click.option("--fix", is_flag=True, help="First write what is sure: formatting, and pages of modules.")
@click.option("--all", "everything", is_flag=True, help="Look at everything that is deployed, and record that.")
@click.option("--head", is_flag=True, help="With --all: look at the working tree; nothing is recorded.")
@JSON
@click.pass_obj
def check(
    folder: str,
    environments: tuple[str, ...],
    base: str | None,
    style: str,
    output: str | None,
    reports: tuple[str, ...],
    explain: bool,
    fix: bool,
    everything: bool,
    head: bool,
    as_json: bool,
) -> int:
    """Everything a pull request is checked for, on the working tree.

    With --all everything that stands is looked at, at the commits that are deployed in ENV (in all if none is named):
    for a nightly run. It changes nothing; the ledger keeps what was seen, for `terrace report compliance`.

    \b
    Examples:
      terrace check                     the working tree against the protected branch
      terrace check --base HEAD~3       against another commit
      terrace check --fix               format what changed, write the pages of its modules, then check
      terrace check --format markdown   as a comment for a pull request
      terrace check --report html=check.html --report sarif=check.sarif
      terrace check --all               everything, as it is deployed
    """
    if everything:
        refused = {"--base": base, "--report": reports, "--explain": explain, "--fix": fix}
        for option in (name for name, given in refused.items() if given):
            raise click.UsageError(f"{option} is about a change, and --all looks at everything")
        if style not in ("terminal", "markdown", "json"):
            raise click.UsageError(f"--all is told as terminal, markdown or json, not as {style}")
        from terrace.apps.cli.audit import check_all

        return check_all(folder, environments, "json" if as_json else style, output, head=head)
    if environments or head:
        raise click.UsageError("environments and --head go with --all")
    from terrace.apps.cli.change import check

    return check(folder, base, "json" if as_json else style, output, reports, explain=explain, fix=fix)


@cli.command()
@click.argument("rule", metavar="RULE")
@JSON
@click.pass_obj
def explain(folder: str, rule: str, as_json: bool) -> int:
    """What a rule of a check or of a policy means, or a factor of the risk: why it matters, how to fix and waive it.

    \b
    Examples:
      terrace explain trust-root
      terrace explain data-loss
      terrace explain aws-rds-public
    """
    from terrace.apps.cli.explain import explain

    return explain(folder, rule, as_json=as_json)


@cli.command()
@click.option("--base", metavar="REF", help="Compare with this commit instead of the protected branch.")
@click.option("--why", is_flag=True, help="Show every chain from a changed file to the stack.")
@JSON
@click.pass_obj
def impact(folder: str, base: str | None, why: bool, as_json: bool) -> int:
    """Which stacks the working tree's changes touch, and through which modules.

    \b
    Examples:
      terrace impact --why
      terrace impact --base v1.2.0 --json
    """
    from terrace.apps.cli.change import impact

    return impact(folder, base, why=why, as_json=as_json)


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


@cli.group()
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


@cli.command()
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


@cli.command()
@JSON
@click.pass_obj
def waivers(folder: str, as_json: bool) -> int:
    """Every waiver of the working tree: for what, whose, and how many days are left."""
    from terrace.apps.cli.waiving import waivers

    return waivers(folder, as_json=as_json)


@cli.command()
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


@cli.command()
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@JSON
@click.pass_obj
def plan(folder: str, stacks: tuple[str, ...], as_json: bool) -> int:
    """Plan stacks of the working tree, all of them or those named (`prod/network`).

    \b
    Examples:
      terrace plan dev
      terrace plan prod/network prod/app --json
    """
    from terrace.apps.cli.change import plan

    return plan(folder, stacks, as_json=as_json)


@cli.command()
@ENV
@click.option("--ref", metavar="REF", help="Which commit; the tip of the protected branch if not said.")
@WAIT
@JSON
@click.pass_obj
def deploy(folder: str, environment: str, ref: str | None, wait: bool, as_json: bool) -> int:
    """Take a commit into ENV as far as it goes now: to its end, or to where somebody must act.

    \b
    Examples:
      terrace deploy dev
      terrace deploy staging --ref v1.4.0
    """
    from terrace.apps.cli.deployment import deploy

    return deploy(folder, environment, ref, wait=wait, as_json=as_json)


@cli.command()
@ENV
@WAIT
@JSON
@click.pass_obj
def promote(folder: str, environment: str, wait: bool, as_json: bool) -> int:
    """Take into ENV what succeeded in the environment before it.

    \b
    Example:
      terrace promote staging
    """
    from terrace.apps.cli.deployment import promote

    return promote(folder, environment, wait=wait, as_json=as_json)


def _answering(command: Any) -> Any:
    for option in (
        click.option("--role", default="", metavar="TEAM", help="The team you speak for; found when there is one."),
        click.option("--as", "actor", metavar="NAME", help="Who you are, if not the Git identity."),
        click.option("--key", metavar="FILE", type=click.Path(), help="SSH key to sign with (Git's signing key)."),
        click.option("--yes", is_flag=True, help="Do not ask whether you mean it."),
        JSON,
    ):
        command = option(command)
    return command


@cli.command()
@ENV
@click.option("-m", "--comment", default="", help="Why; kept in the ledger.")
@_answering
@click.pass_obj
def approve(
    folder: str,
    environment: str,
    comment: str,
    role: str,
    actor: str | None,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Say yes to exactly the plans that wait in ENV, signed with your SSH key.

    \b
    Examples:
      terrace approve staging
      terrace approve prod --role security -m "reviewed with the network team"
    """
    from terrace.apps.cli.deployment import answer

    return answer(folder, environment, "approve", role, comment, actor, key, yes=yes, as_json=as_json)


@cli.command()
@ENV
@click.option("-m", "--comment", required=True, help="Why; kept in the ledger.")
@_answering
@click.pass_obj
def reject(
    folder: str,
    environment: str,
    comment: str,
    role: str,
    actor: str | None,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Say no to what waits in ENV: the deployment ends, nothing is applied.

    \b
    Example:
      terrace reject prod -m "not before the sale"
    """
    from terrace.apps.cli.deployment import answer

    return answer(folder, environment, "reject", role, comment, actor, key, yes=yes, as_json=as_json)


@cli.command()
@click.argument("environment", metavar="[ENV]", required=False)
@click.option("--import", "imports", multiple=True, metavar="ADDRESS=ID", help="Something that exists, by its id.")
@click.option("--absent", multiple=True, metavar="ADDRESS", help="Something that you looked for and that is not there.")
@click.option("--whole", multiple=True, metavar="ADDRESS", help="Something recorded that you found whole.")
@click.option("--gone", multiple=True, metavar="ADDRESS", help="Something recorded whose object is gone.")
@click.option("--again", multiple=True, metavar="ADDRESS", help="Something found again that may be made anew.")
@click.option("--dead", default="", metavar="WHY", help="Why whoever drove it, or its apply, is surely dead.")
@click.option("--unlock", default="", metavar="ID", help="A lock without a name that you know to be the dead apply's.")
@click.option("--yes", is_flag=True, help="Bring it in order without asking to type the environment's name back.")
@WAIT
@JSON
@click.pass_obj
def resume(
    folder: str,
    /,
    environment: str | None,
    imports: tuple[str, ...],
    yes: bool,
    wait: bool,
    as_json: bool,
    **said: Any,
) -> int:
    """Go on with an open deployment: after approvals, or after an interruption.

    Where an apply ended and nobody knows how, it is never run again: this shows what it left (what was made and is not
    in the state, whose lock is there), and with your consent backs the state up, unlocks, imports, and plans anew.

    \b
    Examples:
      terrace resume prod
      terrace resume prod --import aws_vpc.main=vpc-0a1b --absent 'aws_subnet.a["x"]' --yes
    """
    from terrace.apps.cli.deployment import resume
    from terrace.apps.cli.recovering import told

    return resume(folder, environment, told=told(imports, **said), yes=yes, wait=wait, as_json=as_json)


@cli.command()
@ENV
@click.option("--to", metavar="REF", help="Which good release; the newest before this one if not said.")
@click.option("--reason", default="", help="Why; kept in the ledger. Needed unless it is only planned.")
@click.option("--plan-only", is_flag=True, help="Only tell what comes back and what is lost.")
@click.option("--allow", "allowed", multiple=True, metavar="[STACK:]ADDRESS", help="What may be lost, by its address.")
@click.option("--yes", is_flag=True, help="Do not ask to type the environment's name back.")
@WAIT
@JSON
@click.pass_obj
def rollback(
    folder: str,
    environment: str,
    to: str | None,
    reason: str,
    plan_only: bool,
    allowed: tuple[str, ...],
    yes: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """Take ENV back to its last good release: a plan of the old commit, through the same gates.

    No state is pushed back. Afterwards ENV is held, and a commit that reverts Git is ready on a branch.

    \b
    Examples:
      terrace rollback prod --plan-only
      terrace rollback prod --reason "checkout answers 500"
      terrace rollback prod --to v1.4.0 --reason "..." --allow aws_sqs_queue.jobs
    """
    from terrace.apps.cli.undoing import rollback

    return rollback(folder, environment, to, reason, allowed, plan_only=plan_only, yes=yes, wait=wait, as_json=as_json)


@cli.command()
@ENV
@click.argument("stack", metavar="[STACK]", required=False)
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Do not ask to type the name back.")
@JSON
@click.pass_obj
def destroy(folder: str, environment: str, stack: str | None, reason: str, yes: bool, as_json: bool) -> int:
    """Take down all that ENV holds, or one STACK of it, in reverse order and through the same gates.

    A last backup of every state is kept. Protected environments refuse: production, unless terrace.yaml says otherwise.

    \b
    Examples:
      terrace destroy dev --reason "the project ended"
      terrace destroy prod prod/search --reason "replaced"
    """
    from terrace.apps.cli.undoing import destroy

    return destroy(folder, environment, stack, reason, yes=yes, as_json=as_json)


@cli.command()
@ENV
@click.option("--reason", required=True, help="Why nothing may enter.")
@JSON
@click.pass_obj
def hold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Let no new deployment into ENV until somebody takes the hold back.

    \b
    Example:
      terrace hold prod --reason "incident 4711"
    """
    from terrace.apps.cli.deployment import hold

    return hold(folder, environment, reason, held=True, as_json=as_json)


@cli.command()
@ENV
@click.option("--reason", required=True, help="Why it may take deployments again.")
@JSON
@click.pass_obj
def unhold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Let ENV take deployments again.

    \b
    Example:
      terrace unhold prod --reason "incident 4711 is closed"
    """
    from terrace.apps.cli.deployment import hold

    return hold(folder, environment, reason, held=False, as_json=as_json)


@cli.command()
@JSON
@click.pass_obj
def tick(folder: str, as_json: bool) -> int:
    """Do all that is due now, and exit: for cron, GitHub Actions, or by hand.

    Open deployments that may go on do; automatic environments take what is new on the protected branch; what bakes is
    measured; what failed is rolled back where terrace.yaml says so; a hold ends once Git says again what is live.
    """
    from terrace.apps.cli.deployment import tick

    return tick(folder, as_json=as_json)


@cli.command()
@JSON
@click.pass_obj
def status(folder: str, as_json: bool) -> int:
    """What is deployed where, and what each environment waits for."""
    from terrace.apps.cli.look import status

    return status(folder, as_json=as_json)


@cli.command()
@click.argument("environment", metavar="[ENV]", required=False)
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@JSON
@click.pass_obj
def history(folder: str, environment: str | None, limit: int, as_json: bool) -> int:
    """Every deployment, newest first: who, what, when, how it ended."""
    from terrace.apps.cli.look import history

    return history(folder, environment, limit, as_json=as_json)


@cli.command()
@click.argument("deployment")
@JSON
@click.pass_obj
def show(folder: str, deployment: str, as_json: bool) -> int:
    """One deployment with its steps and approvals, by its id or the environment's name."""
    from terrace.apps.cli.look import show

    return show(folder, deployment, as_json=as_json)


cli.add_command(state)
cli.add_command(drift)


@cli.group()
def report() -> None:
    """What the ledger can show to others: compliance."""


@report.command("compliance")
@click.option("--framework", "frameworks", multiple=True, metavar="NAME", help=f"One of {', '.join(NAMES)}; all.")
@click.option("--env", "environments", multiple=True, metavar=ENVIRONMENT, help="Which environments; all if not said.")
@click.option("--format", "style", type=click.Choice(("terminal", "markdown", "html", "json")), default="terminal")
@click.option("--output", metavar="FILE", type=click.Path(), help="Write to FILE and not to stdout.")
@click.option("--stale-after", type=click.IntRange(1), default=7, metavar="DAYS", help="Older looks pass nothing (7).")
@click.option("--period", type=click.IntRange(1), default=90, metavar="DAYS", help="Deployments looked at (90).")
@JSON
@click.pass_obj
def report_compliance(
    folder: str,
    frameworks: tuple[str, ...],
    environments: tuple[str, ...],
    style: str,
    output: str | None,
    stale_after: int,
    period: int,
    as_json: bool,
) -> int:
    """What was looked at for each control of CIS, SOC 2, PCI DSS and NIST 800-53: pass, fail, not evaluated, manual.

    It reads what `terrace check --all` and deployments left in the ledger; no tool and no credential is needed. A
    control passes only if something was there, all of it was looked at lately, and nothing is wrong or waived.

    \b
    Examples:
      terrace report compliance --framework cis-aws
      terrace report compliance --env prod --format html --output compliance.html
    """
    from terrace.apps.cli.compliance import told

    chosen = "json" if as_json else style
    return told(folder, frameworks, environments, chosen, output, stale_after, period)


@cli.group()
def ledger() -> None:
    """What happened, for good: check it, or take it elsewhere."""


@ledger.command("verify")
@click.option("--head", metavar="HASH", help="A head that you noted: finds what was cut off since.")
@JSON
@click.pass_obj
def ledger_verify(folder: str, head: str | None, as_json: bool) -> int:
    """Find an altered, dropped, reordered or truncated event."""
    from terrace.apps.cli.look import ledger_verify

    return ledger_verify(folder, head, as_json=as_json)


@ledger.command("export")
@click.pass_obj
def ledger_export(folder: str) -> int:
    """Every event as one JSON object a line."""
    from terrace.apps.cli.look import ledger_export

    return ledger_export(folder)


@cli.group()
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
@click.option("--dry-run", is_flag=True, help="Only tell what would be written.")
@click.pass_obj
def init(folder: str, dry_run: bool) -> int:
    """Write terrace.yaml and policies for this repository, or a first repository into an empty folder.

    Nothing that exists is changed.
    """
    from terrace.apps.cli.init import init

    return init(folder, dry_run=dry_run)


@cli.command()
@click.option("--folder", "target", metavar="DIR", help="Where to play it; a new folder if not said.")
@click.option("--binary", default="auto", metavar="NAME", help="auto, terraform, tofu, embedded, or a path.")
def demo(target: str | None, binary: str) -> int:
    """Play the whole story on an embedded cloud: branch, check, merge, deploy, approve, prod."""
    from terrace.apps.demo.story import demo

    return demo(target, binary)


def main() -> None:
    """The entry point: runs a command and turns what broke into a message, a hint and an exit code."""
    from terrace.apps.cli.failing import guarded

    sys.exit(guarded(cli))
