"""Messages of Terraform, in full: title, place, source lines, values and explanation."""

from __future__ import annotations

from terrace.adapters.terraform.error_hints import failure
from terrace.adapters.terraform.messages import SNIPPET_LENGTH, as_diagnostic
from terrace.checks.secrets.masking import SecretMask
from terrace.errors import Diagnostic, Place, Snippet, TerraformFailed
from terrace.pipelines.deploy.step_results import MOST_CHANGES, MOST_DIAGNOSTICS, ApplyFailed, StepOutcome
from terrace.pipelines.deploy.step_results import failure as failed_step
from terrace.plans.apply_progress import ApplyProgress
from terrace.plans.ports import Evidence
from terrace.report.diagnostics import diagnostic_lines, errors_first

TOLD = {
    "severity": "error",
    "summary": "Reference to undeclared input variable",
    "detail": 'An input variable with the name "regoin" has not been declared. Did you mean "region"?',
    "range": {"filename": "main.tf", "start": {"line": 99, "column": 11}},
    "snippet": {
        "context": 'resource "terraform_data" "a"',
        "code": "  input = [\n    var.regoin,",
        "start_line": 99,
        "values": [{"traversal": "var.size", "statement": "is 3"}],
    },
}


def test_a_message_has_its_title_place_source_lines_values_and_explanation() -> None:
    assert "\n".join(diagnostic_lines(as_diagnostic(TOLD, "live/dev"))) == (
        "Error: Reference to undeclared input variable\n"
        '  live/dev/main.tf:99:11, in resource "terraform_data" "a"\n'
        "   99 |   input = [\n"
        "  100 |     var.regoin,\n"
        "      = var.size is 3\n"
        '  An input variable with the name "regoin" has not been declared. Did you mean "region"?'
    )


def test_a_message_without_source_has_the_address_of_its_resource() -> None:
    said = Diagnostic("warning", "Deprecated", "use another one", address="aws_eip.a")
    assert diagnostic_lines(said) == ["Warning: Deprecated", "  aws_eip.a", "  use another one"]


def test_source_lines_have_a_bound_and_broken_ones_are_left_out() -> None:
    long = as_diagnostic({**TOLD, "snippet": {"code": "x" * 10**6, "start_line": 1}}, "")
    assert long.snippet is not None and len(long.snippet.code) == SNIPPET_LENGTH
    assert as_diagnostic({**TOLD, "snippet": "no object"}, "").snippet is None


def test_errors_come_first_and_in_the_order_of_their_places() -> None:
    said = [
        Diagnostic("warning", "w", place=Place("a.tf", 1)),
        Diagnostic("error", "nowhere"),
        Diagnostic("error", "late", place=Place("b.tf", 2)),
        Diagnostic("error", "early", place=Place("b.tf", 1)),
    ]
    assert [one.summary for one in errors_first(said)] == ["early", "late", "nowhere", "w"]


def test_a_provider_that_does_not_exist_is_named_in_the_message() -> None:
    detail = "Could not retrieve the list of available versions for provider hashicorp/nope: no such host"
    said = Diagnostic("error", "Failed to query available provider packages", detail)
    assert str(failure("terraform", "init", "dev", 1, (said,), "")) == (
        "terraform init of dev failed: Failed to query available provider packages for hashicorp/nope"
    )


def recorded(*said: Diagnostic, secrets: tuple[str, ...] = ()) -> StepOutcome:
    return failed_step(TerraformFailed("failed", diagnostics=said, hint="fix it")).mask(SecretMask(secrets))


def test_a_failed_step_records_every_message_with_its_source_and_the_hint() -> None:
    said = (as_diagnostic(TOLD, "live/dev"), Diagnostic("warning", "Deprecated", "use another one"))
    detail = recorded(*said).detail
    assert tuple(one.diagnostic() for one in detail.diagnostics or ()) == said
    assert detail.hint == "fix it"


def test_what_a_step_records_has_no_known_secret_and_none_that_looks_like_one() -> None:
    said = Diagnostic(
        "error",
        "refused s3cr3t-value",
        "token s3cr3t-value\npassword=hunter2hunter2",
        snippet=Snippet('  password = "hunter2hunter2"', 3, values=("var.x is s3cr3t-value",)),
    )
    text = repr(recorded(said, secrets=("s3cr3t-value",)))
    assert "s3cr3t-value" not in text
    assert "hunter2" not in text


def test_the_number_of_recorded_messages_has_a_bound_and_the_others_are_counted() -> None:
    detail = recorded(*(Diagnostic("error", f"number {n}") for n in range(MOST_DIAGNOSTICS + 3))).detail
    assert (len(detail.diagnostics or ()), detail.more_diagnostics) == (MOST_DIAGNOSTICS, 3)


def test_the_recorded_changes_of_a_failed_apply_have_a_bound_and_no_secret() -> None:
    many = tuple(("create", f'a.b["s3cr3t-value-{n:02}"]') for n in range(MOST_CHANGES + 3))
    failed = ApplyFailed("failed", Evidence.TERRAFORM_FAILED, progress=ApplyProgress({"not_started": many}))
    progress = failed.as_outcome().mask(SecretMask(("s3cr3t-value",))).detail.progress
    assert progress
    assert progress.not_started[0] == ("create", 'a.b["(sensitive)-00"]')
    assert (len(progress.not_started), progress.more) == (MOST_CHANGES, {"not_started": 3})
