"""What Terraform's own words mean for what is known."""

from __future__ import annotations

import pytest

from terrace.adapters.terraform.failures import PROVIDER_DIED, failure, unknown_outcome
from terrace.errors import Diagnostic


@pytest.mark.parametrize("summary", PROVIDER_DIED)
def test_a_provider_that_died_leaves_a_doubt_that_names_what_it_worked_on(summary: str) -> None:
    said = (Diagnostic("error", "creating IAM role"), Diagnostic("error", summary, address="aws_eip.it"))
    assert "crashed during aws_eip.it:" in unknown_outcome(said)


def test_a_provider_that_refuses_leaves_none() -> None:
    assert unknown_outcome((Diagnostic("error", "creating EIP: AddressLimitExceeded", address="aws_eip.it"),)) == ""


def test_a_warning_leaves_none() -> None:
    assert unknown_outcome((Diagnostic("warning", PROVIDER_DIED[0]),)) == ""


@pytest.mark.parametrize("summary", ["Failed to save state", "Failed to persist state to backend"])
def test_a_state_that_was_not_written_leaves_a_doubt(summary: str) -> None:
    assert "the created resources are not in any state" in unknown_outcome((Diagnostic("error", summary),))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "\x1b[31mFailed to refresh state: 2 problems:\n\n- Unsupported state file format\x1b[0m\n",
            "Failed to refresh state: 2 problems:\n\n- Unsupported state file format",
        ),
        (
            "\x1b[31m╷\x1b[0m\x1b[0m\n"
            "\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[1mNo such bucket\x1b[0m\n"
            "\x1b[31m│\x1b[0m \x1b[0m\n\x1b[31m│\x1b[0m \x1b[0mit is gone\n\x1b[31m╵\x1b[0m\x1b[0m\n",
            "Error: No such bucket\n\nit is gone",
        ),
        ("a | b\n| c\n", "a | b\n| c"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[0m\n", "it exited with 1 and printed nothing"),
    ],
)
def test_what_terraform_writes_for_a_terminal_is_told_as_plain_text(said: str, told: str) -> None:
    error = failure("Terraform", "state pull", "dev", 1, (), said)
    assert error.message == f"Terraform state pull of dev failed: {told}"
    assert [one.summary for one in error.diagnostics] == [told]


@pytest.mark.parametrize(
    ("said", "variable"),
    [
        ("No valid credential sources found", "AWS_PROFILE"),
        ("storage.NewClient() failed: dialing: google: could not find default credentials", "GOOGLE_APPLICATION"),
        (
            "unable to build authorizer for Resource Manager API: could not configure AzureCli Authorizer",
            "ARM_USE_OIDC",
        ),
        ("Error building ARM Config: obtain subscription() from Azure CLI", "ARM_USE_OIDC"),
    ],
)
def test_missing_credentials_of_each_cloud_come_with_what_to_write(said: str, variable: str) -> None:
    error = failure("terraform", "init", "dev", 1, (Diagnostic("error", said),), "")
    assert f"`env: [{variable}" in (error.hint or "")
