"""The page of the change that this run is for, chosen by the environment: on GitHub, on GitLab, or in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from terrace.errors import NotReady
from terrace.forge.ports import Page

FOLDER = "TERRACE_PAGE"
"""Environment variable that names a folder for the page, outside of GitHub Actions and GitLab CI."""


def page(environ: Mapping[str, str]) -> Page:
    """Returns the page to publish on. Raises NotReady where there is none, or none that can be written."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _pull_request(environ)
    if environ.get("GITLAB_CI") == "true":
        return _merge_request(environ)
    if environ.get(FOLDER):
        from terrace.adapters.folder_page import FolderPage

        return FolderPage(Path(environ[FOLDER]))
    raise NotReady(
        "this is not a GitHub Actions run or a GitLab CI job, so there is no page to write on",
        hint=f"elsewhere set {FOLDER}=DIR: a folder for the comment and the verdict",
    )


def _pull_request(environ: Mapping[str, str]) -> Page:
    from terrace.adapters.github.actions import pull_request_run, token
    from terrace.adapters.github.client import GitHub
    from terrace.adapters.github.credentials import Token
    from terrace.adapters.github.page import PullRequestPage

    run = pull_request_run(environ)
    return PullRequestPage(GitHub(run.place, Token(token(environ))), run.number, run.head, run.login, run.id)


def _merge_request(environ: Mapping[str, str]) -> Page:
    from terrace.adapters.gitlab.client import GitLab
    from terrace.adapters.gitlab.jobs import merge_request_job, token
    from terrace.adapters.gitlab.page import MergeRequestPage

    at = merge_request_job(environ)
    return MergeRequestPage(GitLab(at.api, at.project, token(environ)), at)
