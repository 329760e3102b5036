"""The GitLab CI job that this process belongs to, from its predefined variables.

https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.errors import NotReady

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ADDRESS = re.compile(r"https?://[^\s?#]+")


@dataclass(frozen=True, slots=True)
class MergeRequestJob:
    """The merge request that a job is for: its number, the project with its address, the root of the API, and the
    checked commit with its pipeline. `commit` may be the merge commit that GitLab creates for the pipeline."""

    api: str
    project: int
    url: str
    number: int
    commit: str
    pipeline: int


def merge_request_job(environ: Mapping[str, str]) -> MergeRequestJob:
    """Returns the job. Raises NotReady where it is not for a merge request."""
    if "CI_MERGE_REQUEST_IID" not in environ:
        raise NotReady(
            "this job is not for a merge request, so there is nothing to write on",
            hint='in the job: rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]',
        )
    return MergeRequestJob(
        api=_variable(environ, "CI_API_V4_URL", _ADDRESS).rstrip("/"),
        project=int(_variable(environ, "CI_MERGE_REQUEST_PROJECT_ID", _NUMBER)),
        url=_variable(environ, "CI_MERGE_REQUEST_PROJECT_URL", _ADDRESS).rstrip("/"),
        number=int(_variable(environ, "CI_MERGE_REQUEST_IID", _NUMBER)),
        commit=_variable(environ, "CI_COMMIT_SHA", _COMMIT),
        pipeline=int(_variable(environ, "CI_PIPELINE_ID", _NUMBER)),
    )


def token(environ: Mapping[str, str]) -> str:
    """Returns the token that can write. Raises NotReady without one: the job's own token can only read."""
    token = environ.get("GITLAB_TOKEN", "")
    if not token:
        raise NotReady(
            "GITLAB_TOKEN is not set, and CI_JOB_TOKEN can read comments but not write them",
            hint="create a project access token (scope api, role Developer) and store it as the masked variable "
            "GITLAB_TOKEN",
        )
    return token


def _variable(environ: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = environ.get(name, "")
    if not form.fullmatch(value):
        raise NotReady(
            f"the variable {name} does not have the form that GitLab gives it",
            hint="GitLab CI sets it; do not override it",
        )
    return value
