"""What an apply would take over from outside waits for somebody who answers for it, whoever asked for the apply."""

from __future__ import annotations

import pytest

from terrace.gates.absorption import Absorbed, absorption
from terrace.gates.model import Outcome
from terrace.stacks.model import AutomaticRollback, Destruction, Manual, Origin, Remediation

ROLE = Absorbed("prod", "aws_iam_role.app", ("inline_policy",))


@pytest.mark.parametrize("origin", [Manual("ann"), Remediation("e1", "ann"), AutomaticRollback("d1", "sick")])
def test_nobody_swallows_it_unseen(origin: Origin) -> None:
    (waits,) = absorption("prod", origin, (ROLE,))
    assert waits.outcome is Outcome.WAIT
    assert "terrace drift ack prod 'aws_iam_role.app'" in waits.satisfy
    (passes,) = absorption("prod", origin, (Absorbed(ROLE.stack, ROLE.address, ROLE.paths, by="bob"),))
    assert (passes.outcome, "bob acknowledged" in passes.reason) == (Outcome.PASS, True)


def test_what_is_taken_down_hides_nothing() -> None:
    assert absorption("prod", Destruction("ann", "over"), (ROLE,)) == ()
