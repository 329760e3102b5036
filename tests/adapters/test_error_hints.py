"""What Terraform's own words mean for what is known."""

from __future__ import annotations

import pytest

from terrace.adapters.terraform.backend_errors import explain
from terrace.adapters.terraform.error_hints import PROVIDER_DIED, failure, unknown_outcome
from terrace.errors import Diagnostic, Place, Snippet


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


CHAIN = "validating provider credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity, "


@pytest.mark.parametrize(
    ("said", "sentence", "hint"),
    [
        (
            f'{CHAIN}request failed, Post "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
            "the server http://127.0.0.1:1 cannot be reached",
            "check the network, the proxy and the address",
        ),
        (
            f'{CHAIN}request send failed, Post "https://sts.nowhere/": dial tcp: lookup sts.nowhere: no such host',
            "the server https://sts.nowhere cannot be reached",
            "check the network",
        ),
        (
            'Failed to get existing workspaces: S3 bucket "tf" does not exist.\n\nNoSuchBucket: \n\n',
            "the bucket 'tf' of the state does not exist",
            "aws s3 mb s3://BUCKET",
        ),
        (f"{CHAIN}https response error StatusCode: 403, ExpiredToken: expired", "have expired or are", "aws sso login"),
        (
            "AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: s3:ListBucket on resource: x",
            "the credentials are not allowed to perform s3:ListBucket",
            "aws sts get-caller-identity",
        ),
    ],
)
def test_a_chain_of_calls_begins_with_a_plain_sentence_and_stays_in_the_diagnostics(
    said: str, sentence: str, hint: str
) -> None:
    error = failure("terraform", "init", "dev", 1, (Diagnostic("error", said),), "")
    assert error.message.startswith("terraform init of dev failed: ")
    assert sentence in error.message
    assert "\n" not in error.message and "\\n" not in error.message
    assert hint in (error.hint or "")
    assert error.diagnostics[0].summary == said


def test_a_version_that_is_not_allowed_is_named_with_the_one_that_is_there() -> None:
    detail = "This configuration does not support Terraform version 1.11.4. To proceed, either choose another one."
    source = Snippet('  required_version = ">= 99.0"', 2)
    found = explain(Diagnostic("error", "Unsupported Terraform Core version", detail, snippet=source))
    assert found is not None
    assert found.sentence == "version '>= 99.0' of Terraform is required, and this is 1.11.4"
    assert "required_version" in found.hint


def test_the_introduction_of_init_hides_no_place() -> None:
    introduction = Diagnostic("error", "Terraform encountered problems during initialisation, including problems")
    wrong = Diagnostic("error", "Invalid expression", place=Place("environments/dev/main.tf", 11, 11))
    error = failure("terraform", "init", "dev", 1, (introduction, wrong), "")
    assert error.message == "terraform init of dev failed: Invalid expression"
    assert error.hint == "edit environments/dev/main.tf:11:11, and try it with `terrace plan dev`"
    assert error.diagnostics == (wrong,)


def test_a_held_lock_is_told_with_the_command_that_releases_it() -> None:
    detail = "Lock Info:\n  ID:        11-22\n  Who:       eve@laptop\n  Created:   2026-01-05 12:00:00\n"
    error = failure("terraform", "plan", "dev", 1, (Diagnostic("error", "Error acquiring the state lock", detail),), "")
    assert "locked by eve@laptop since 2026-01-05 12:00:00" in error.message
    assert "terraform force-unlock 11-22" in (error.hint or "")
