"""`terrace explain`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_RULE, JSON


@click.command()
@click.argument("rule", metavar="RULE", shell_complete=COMPLETE_RULE)
@JSON
@click.pass_obj
def explain(folder: str, rule: str, as_json: bool) -> int:
    """Explain a rule of a check or policy, or a risk factor.

    The explanation contains the reason for the rule, and how to fix and waive its findings.

    \b
    Examples:
      terrace explain trust-root
      terrace explain data-loss
      terrace explain aws-rds-public
    """
    from dataclasses import asdict

    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.rules import find_rule
    from terrace.report.json.checks import ExplainJson

    wanted = find_rule(folder, rule)
    if as_json:
        emit(ExplainJson(**asdict(wanted)))
        return 0
    for title, text in (("", wanted.means), ("why: ", wanted.why), ("fix: ", wanted.fix), ("waive: ", wanted.waive)):
        sentence = " ".join(text.split())
        show(f"{title}{sentence}" if title else f"{wanted.name}: {sentence}")
    return 0
