"""The gate for changes from outside that an apply would adopt: a person has to acknowledge each of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from terrace.config.model import Config, Environment
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Absorbed, GateResult, Outcome
from terrace.gates.verdict import decide
from terrace.stacks.model import AutomaticRollback, Destruction, Manual, Origin, Remediation

ROLE = Absorbed("prod", "aws_iam_role.app", ("inline_policy",))


def asked(origin: Origin, found: Absorbed) -> list[GateResult]:
    facts = Facts("c" * 40, (), "ann", "main", True, None, None, None, origin)
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    request = Request(Moment.APPLY, Config(), Environment("prod"), facts, now, Plans(absorbed=(found,)))
    return [result for result in decide(request).results if result.gate == "absorption"]


@pytest.mark.parametrize("origin", [Manual("ann"), Remediation("e1", "ann"), AutomaticRollback("d1", "sick")])
def test_a_change_from_outside_waits_until_a_person_acknowledged_it(origin: Origin) -> None:
    (waits,) = asked(origin, ROLE)
    assert waits.outcome is Outcome.WAIT
    assert "terrace drift ack prod 'aws_iam_role.app'" in waits.satisfy
    (passes,) = asked(origin, Absorbed(ROLE.stack, ROLE.address, ROLE.paths, by="bob"))
    assert (passes.outcome, "bob acknowledged" in passes.reason) == (Outcome.PASS, True)


def test_a_destruction_needs_no_acknowledgement() -> None:
    assert asked(Destruction("ann", "over"), ROLE) == []
