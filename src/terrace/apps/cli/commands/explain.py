"""`terrace explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_SUBJECT, JSON

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.errors import TerraceError
    from terrace.ledger.deployment import Deployment


@click.command()
@click.argument("subject", metavar="SUBJECT", shell_complete=COMPLETE_SUBJECT)
@JSON
@click.pass_obj
def explain(folder: str, subject: str, as_json: bool) -> int:
    """Explain why an environment or a deployment is where it is, or what a rule means.

    SUBJECT is an environment or the id of a deployment: the gates are evaluated now, and each open one is shown with
    its reason, who can act, what makes it pass, and when. Or it is a rule of a check or policy, or a risk factor: the
    explanation contains the reason for the rule, and how to fix and waive its findings.

    \b
    Examples:
      terrace explain prod
      terrace explain 88c85391be19
      terrace explain trust-root
      terrace explain aws-rds-public
    """
    from dataclasses import asdict

    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.rules import find_rule
    from terrace.report.json.checks import ExplainJson

    known = _deployment_subject(folder, subject)
    if known is not None:
        return _explain_environment(*known, as_json=as_json)
    rule = find_rule(folder, subject, _other_subjects(folder))
    if as_json:
        emit(ExplainJson(**asdict(rule)))
        return 0
    for title, text in (("", rule.means), ("why: ", rule.why), ("fix: ", rule.fix), ("waive: ", rule.waive)):
        sentence = " ".join(text.split())
        show(f"{title}{sentence}" if title else f"{rule.name}: {sentence}")
    return 0


def _deployment_subject(
    folder: str, subject: str
) -> tuple[Project, TerraceError | None, str, Deployment | None] | None:
    """Returns the project, why it is not current, the environment and the deployment that a subject names; None where
    it names neither an environment nor a deployment, or nothing of this repository can be read.
    """
    import contextlib
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import known_environments
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.rules import rule_names
    from terrace.errors import Interrupted, TerraceError
    from terrace.ledger import folds

    with contextlib.suppress(TerraceError):
        if subject in rule_names(folder):
            return None
    try:
        project, unreachable = Project.open_for_reading(Path(folder))
        history = project.ledger.read()
    except Interrupted:
        raise
    except TerraceError:
        return None
    deployment = folds.deployment_of(history, subject)
    if deployment is not None:
        return project, unreachable, deployment.environment, deployment
    if subject in {environment.name for environment in known_environments(project, history)}:
        return project, unreachable, subject, None
    return None


def _other_subjects(folder: str) -> tuple[str, ...]:
    """Returns the environments and the ids of the deployments; none where nothing of this repository can be read."""
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import known_environments
    from terrace.apps.wiring.project import Project
    from terrace.errors import Interrupted, TerraceError
    from terrace.ledger import folds

    try:
        project, _ = Project.open_for_reading(Path(folder))
        history = project.ledger.read()
        environments = [environment.name for environment in known_environments(project, history)]
    except Interrupted:
        raise
    except TerraceError:
        return ()
    return (*environments, *(deployment.id for deployment in folds.deployments(history)))


def _explain_environment(
    project: Project,
    unreachable: TerraceError | None,
    environment: str,
    deployment: Deployment | None,
    *,
    as_json: bool,
) -> int:
    """Prints why an environment is where it is, and before that what became of an earlier deployment."""
    from terrace.apps.cli.ledger_facts import note_age, note_past_rules, situation
    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import now
    from terrace.ledger import folds
    from terrace.report.json.deployments import explain_json
    from terrace.report.terminal.deployments import deployment_tree
    from terrace.report.terminal.explanation import explanation

    history = project.ledger.read()
    current = situation(project, history, project.environment(environment))
    note_past_rules(project)
    note_age(project, unreachable)
    if as_json:
        emit(explain_json(current))
        return 0
    newest = folds.latest(history, environment)
    if deployment is not None and newest is not None and newest.id != deployment.id:
        show(deployment_tree(deployment))
        show(f"This is an earlier deployment. {environment} now:")
    show(explanation(current, now()))
    return 0
