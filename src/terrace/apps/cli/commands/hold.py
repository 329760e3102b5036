"""`terrace hold` and `terrace unhold`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import ENV, JSON


@click.command()
@ENV
@click.option("--reason", required=True, help="Reason for the hold.")
@JSON
@click.pass_obj
def hold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Block new deployments to ENV until the hold is released.

    \b
    Example:
      terrace hold prod --reason "incident 4711"
    """
    return _set_hold(folder, environment, reason, held=True, as_json=as_json)


@click.command()
@ENV
@click.option("--reason", required=True, help="Reason for releasing the hold.")
@JSON
@click.pass_obj
def unhold(folder: str, environment: str, reason: str, as_json: bool) -> int:
    """Release the hold of ENV.

    \b
    Example:
      terrace unhold prod --reason "incident 4711 is closed"
    """
    return _set_hold(folder, environment, reason, held=False, as_json=as_json)


def _set_hold(folder: str, environment: str, reason: str, *, held: bool, as_json: bool) -> int:
    from pathlib import Path

    from terrace.apps.output.console import emit, note, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.ledger import kinds
    from terrace.ledger.holds import hold as hold_of
    from terrace.pipelines import holds
    from terrace.pipelines.hold_releases import releases
    from terrace.pipelines.recovery.attestations import required_people, unproven_note

    project = Project(Path(folder))
    settings = project.environment(environment)
    project.open_ledger()
    context = project.audit_context(Silent())
    history = holds.hold(
        context,
        environment,
        reason,
        kinds.ENVIRONMENT_HELD if held else kinds.ENVIRONMENT_UNHELD,
        required_people(settings),
    )
    current = hold_of(history, environment, releases(history, context.proof))
    if as_json:
        from terrace.report.json.environments import HoldJson

        emit(HoldJson(environment=environment, held=current is not None))
    else:
        show(f"{environment} is on hold: {current.reason}" if current else f"{environment} accepts deployments")
        if faith := unproven_note(context):
            note(f"recorded by {context.actor}{faith}")
    return 0
