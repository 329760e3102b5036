"""What GitLab CI tells a job about itself, through its variables.

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
class Occasion:
    """The merge request that a job is for: its number in its project, the project and its address, the root of the API;
    and the commit that is looked at, with the pipeline that looks (`commit` may be the merge that GitLab tries out)."""

    api: str
    project: int
    url: str
    number: int
    commit: str
    pipeline: int


def occasion(environ: Mapping[str, str]) -> Occasion:
    """Read it. Raises NotReady where this is no job for a merge request."""
    if "CI_MERGE_REQUEST_IID" not in environ:
        raise NotReady(
            "this job is for no merge request, so there is no page to write on",
            hint='in the job: rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]',
        )
    return Occasion(
        api=_told(environ, "CI_API_V4_URL", _ADDRESS).rstrip("/"),
        project=int(_told(environ, "CI_MERGE_REQUEST_PROJECT_ID", _NUMBER)),
        url=_told(environ, "CI_MERGE_REQUEST_PROJECT_URL", _ADDRESS).rstrip("/"),
        number=int(_told(environ, "CI_MERGE_REQUEST_IID", _NUMBER)),
        commit=_told(environ, "CI_COMMIT_SHA", _COMMIT),
        pipeline=int(_told(environ, "CI_PIPELINE_ID", _NUMBER)),
    )


def token(environ: Mapping[str, str]) -> str:
    """The token to write with. Raises NotReady where there is none: the job's own may only read."""
    found = environ.get("GITLAB_TOKEN", "")
    if not found:
        raise NotReady(
            "GITLAB_TOKEN is not set, and CI_JOB_TOKEN may read comments but not write them",
            hint="make an access token of the project (scope api, role Developer) a masked variable GITLAB_TOKEN",
        )
    return found


def _told(environ: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    found = environ.get(name, "")
    if not form.fullmatch(found):
        raise NotReady(f"{name} is not as GitLab tells it", hint="GitLab CI sets it; do not set it yourself")
    return found
