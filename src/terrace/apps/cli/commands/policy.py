"""`terrace policy`: write, test and debug policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from terrace.apps.cli.options import COMPLETE_RULE, JSON

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from terrace.adapters.opa.trial import Trial
    from terrace.plans.model import Plan
    from terrace.report.json.setup import PolicyTryJson

    Shape = Literal["view", "plan"]


@click.group()
def policy() -> None:
    """Write, test and debug Rego policies.

    \b
    terrace policy new s3_versioning        create a rule with tests, as a starting point
    terrace policy test --watch             run the tests at every change
    terrace policy input dev                print the input of policies for a stack
    terrace policy try s3_versioning dev    run a rule on a stack, and show the deciding values
    terrace policy update                   accept the rules of this Terrace version
    terrace policy eject                    copy the policy pack to the repository, to edit its rules
    """


@policy.command("new")
@click.argument("name", metavar="NAME")
@click.pass_obj
def policy_new(folder: str, name: str) -> int:
    """Write a rule NAME with its tests to your first policy folder. Nothing is overwritten."""
    import os

    from terrace.adapters.files import write_new
    from terrace.apps.cli.policy_tests import NO_FOLDER, read_config
    from terrace.apps.output.console import show
    from terrace.checks.policy.shipped import FOLDER
    from terrace.checks.policy.starter import starter
    from terrace.errors import BadInput

    root, config = read_config(folder)
    own_folders = [
        folder_name for folder_name in config.policies if folder_name not in config.shown and folder_name != FOLDER
    ]
    if not own_folders:
        raise BadInput("terrace.yaml names no policy folder of your own", hint=NO_FOLDER)
    files = {f"{own_folders[0]}/{path}": text for path, text in starter(name).items()}
    existing = [path for path in files if os.path.lexists(root / path)]
    if existing:
        raise BadInput(f"{existing[0]} exists", hint="choose another name, or remove the file first")
    for path, text in files.items():
        write_new(root, path, text.encode(), make_folders=True)
        show(path)
    show("next: terrace policy test")
    return 0


@policy.command("test")
@click.option(
    "--coverage", is_flag=True, help="Show the test coverage of each file, with the lines that are not covered."
)
@click.option("--watch", is_flag=True, help="Run again when a policy changes, until ^C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, including coverage.")
@click.pass_obj
def policy_test(folder: str, coverage: bool, watch: bool, as_json: bool) -> int:
    """Run the tests (`*_test.rego`) of the working tree's policies. Exits with 1 if a test fails."""
    from terrace.apps.cli.policy_tests import run_tests, watch_tests

    if watch and as_json:
        raise click.UsageError("--watch and --json cannot be combined: --json prints one object and exits")
    if watch:
        return watch_tests(folder, coverage=coverage)
    return run_tests(folder, coverage=coverage, as_json=as_json)


@policy.command("try")
@click.argument("rule", metavar="RULE", shell_complete=COMPLETE_RULE)
@click.argument("source", metavar="STACK|PLAN.json")
@JSON
@click.pass_obj
def policy_try(folder: str, rule: str, source: str, as_json: bool) -> int:
    """Run one rule on one plan, and show its messages with the attribute values that decide them.

    RULE is a package, its last part, a rule id or a file. PLAN.json is the output of `terraform show -json`. Sensitive
    values are not shown.
    """
    from terrace.adapters.opa.policies import policy_folders
    from terrace.adapters.opa.trial import try_rule
    from terrace.apps.cli.policy_tests import NO_FOLDER, laid_out_policies, read_config
    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import opa
    from terrace.checks.secrets.masking import hiding_of
    from terrace.errors import BadInput

    root, config = read_config(folder)
    if not config.has_policies:
        raise BadInput("there are no policies", hint=NO_FOLDER)
    plan = _plan(folder, source)
    with laid_out_policies(root, config) as laid:
        folders = [
            policy_folder
            for policy_folder in policy_folders(config)
            if (laid.root(policy_folder) / policy_folder).is_dir()
        ]
        trial = try_rule(opa(), laid, folders, rule, lambda shape: _input(plan, shape), hiding_of({"": plan}))
    if as_json:
        emit(_trial_json(trial, plan.lacks))
        return 0
    for message in trial.messages:
        unknown = " (unknown)" if message.unknown else ""
        show(f"{message.rule}: {message.text}{unknown}")
        if message.address:
            show(f"  {message.address}")
        for path, value in message.hangs_on:
            show(f"    {path} = {value}")
        for path in message.absent:
            show(f"    {path} is not set")
        if not message.hangs_on and not message.absent:
            show("    no single attribute value decides it")
    if not trial.messages:
        show(f"{trial.package} has no messages for {source} ({trial.resources} resources)")
    return 0


@policy.command("input")
@click.argument("source", metavar="STACK|PLAN.json")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["view", "plan"]),
    default="view",
    help="Terrace's view of the plan, or the plan JSON as conftest uses it.",
)
@click.pass_obj
def policy_input(folder: str, source: str, kind: str) -> int:
    """Print the policy input for a stack of the working tree or for a plan file, as JSON."""
    from terrace.apps.output.console import emit_data
    from terrace.checks.secrets.masking import concealed_value, hiding_of

    shape: Shape = "plan" if kind == "plan" else "view"
    plan = _plan(folder, source)
    emit_data(_without_masks(concealed_value(_input(plan, shape), "", hiding_of({"": plan})), shape))
    return 0


@policy.command("update")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.pass_obj
def policy_update(folder: str, dry_run: bool) -> int:
    """Accept the policy pack of this Terrace version.

    Writes the version and the hash of the pack to terrace.yaml. In a repository with its own copy of the pack in
    policies/terrace, updates the files there instead: files that you changed are listed and kept.
    """
    from terrace.apps.cli.pack_update import update_pack

    return update_pack(folder, dry_run=dry_run)


@policy.command("eject")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.pass_obj
def policy_eject(folder: str, dry_run: bool) -> int:
    """Copy the policy pack to policies/terrace, to edit its rules, and use that copy from then on."""
    from terrace.apps.cli.pack_update import eject_pack

    return eject_pack(folder, dry_run=dry_run)


def _without_masks(value: Any, shape: Shape) -> Any:
    """JSON data: hidden values as policies are given those that Terraform marks."""
    from terrace.checks.policy.view import HIDDEN
    from terrace.plans.model import MASKED

    if value is MASKED:
        return dict(HIDDEN) if shape == "view" else "(sensitive)"
    if isinstance(value, dict):
        return {name: _without_masks(inner, shape) for name, inner in value.items()}
    return [_without_masks(inner, shape) for inner in value] if isinstance(value, list) else value


def _trial_json(trial: Trial, lacks: Iterable[str]) -> PolicyTryJson:
    from terrace.report.json.setup import InspectedValue, PolicyMessage, PolicyTryJson

    return PolicyTryJson(
        package=trial.package,
        resources=trial.resources,
        messages=tuple(
            PolicyMessage(
                rule=message.rule,
                message=message.text,
                status="unknown" if message.unknown else "fail",
                address=message.address,
                hangs_on=tuple(InspectedValue(path=path, value=value) for path, value in message.hangs_on),
                absent=tuple(message.absent),
            )
            for message in trial.messages
        ),
        lacks=tuple(lacks),
    )


def _input(plan: Plan, shape: Shape) -> dict[str, Any]:
    import msgspec

    from terrace.checks.policy.view import view

    if shape == "view":
        return view(plan)
    whole: dict[str, Any] = msgspec.json.decode(plan.shown)
    return whole


def _plan(folder: str, source: str) -> Plan:
    from dataclasses import replace
    from pathlib import Path

    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.config.model import PlainPolicies
    from terrace.config.naming import unknown_name_error
    from terrace.pipelines.planning import plan_in

    if source.endswith(".json") or Path(source).is_file():
        return _read_plan(Path(source))
    project = Project(Path(folder))
    inventory = project.survey(project.repository.snapshot())
    stacks = {stack.key: stack for stack in inventory.stacks}
    if source not in stacks:
        raise unknown_name_error("stack", source, stacks)
    context = project.read_only_context(Silent())
    context = replace(context, config=replace(context.config, shown={"": PlainPolicies()}))
    with context.repository.checkout(inventory.commit, "policy") as root:
        return plan_in(context, inventory, stacks[source], root)


def _read_plan(path: Path) -> Plan:
    import secrets
    from dataclasses import replace

    from terrace.apps.output.console import note
    from terrace.errors import BadInput
    from terrace.plans.digest import DigestKey
    from terrace.plans.document_kinds import as_utf8
    from terrace.plans.read import read_plan
    from terrace.plans.redacted_document import redact
    from terrace.stacks.model import Stack

    try:
        document = as_utf8(path.read_bytes())
    except OSError as error:
        hint = "create the file with terraform show -json PLAN > plan.json, or name a stack"
        raise BadInput(f"{path}: {error.strerror}", hint=hint) from error
    stack = Stack.conventional("file", str(path.parent))
    key = DigestKey("none", secrets.token_bytes(32))
    try:
        plan = read_plan(document, stack=stack, commit="", key=key, root="", lock=b"")
        read = replace(plan, shown=redact(document))
    except BadInput as error:
        # The file is the place, whatever of it cannot be read.
        raise BadInput(f"{path}: {error.message}", hint=error.hint) from error
    for gap in read.lacks:
        note(f"note: {path}: {gap}")
    return read
