"""What Terraform's own words mean for what is known."""

from __future__ import annotations

import pytest

from terrace.adapters.terraform.failures import PROVIDER_DIED, doubt
from terrace.errors import Diagnostic


@pytest.mark.parametrize("summary", PROVIDER_DIED)
def test_a_provider_that_died_leaves_a_doubt_that_names_what_it_worked_on(summary: str) -> None:
    said = (Diagnostic("error", "creating IAM role"), Diagnostic("error", summary, address="aws_eip.it"))
    assert "worked on aws_eip.it:" in doubt(said)


def test_a_provider_that_refuses_leaves_none() -> None:
    assert doubt((Diagnostic("error", "creating EIP: AddressLimitExceeded", address="aws_eip.it"),)) == ""


def test_a_warning_leaves_none() -> None:
    assert doubt((Diagnostic("warning", PROVIDER_DIED[0]),)) == ""


@pytest.mark.parametrize("summary", ["Failed to save state", "Failed to persist state to backend"])
def test_a_state_that_was_not_written_leaves_a_doubt(summary: str) -> None:
    assert "its objects are in no state" in doubt((Diagnostic("error", summary),))
