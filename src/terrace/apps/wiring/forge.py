"""The forge that a repository is connected to, by the environment, terrace.yaml and the remote."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from terrace.adapters.git.access import Access, by_token, usual
from terrace.adapters.git.repository import GitRepository
from terrace.config.model import Config
from terrace.errors import NotReady

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.github.credentials import Credential


UNCONNECTED = (
    "set GITHUB_TOKEN (in a job: `env: {GITHUB_TOKEN: ${{ github.token }}}`); and where the remote is not on "
    "github.com, `forge: {repository: owner/name, api: https://HOST/api/v3}` in terrace.yaml"
)
"""Hint for connecting a repository to its forge."""


def connect(environ: Mapping[str, str], config: Config, repository: GitRepository) -> Connection | None:
    """Returns the connection; None without a token or a known repository. Raises NotReady where the settings are
    invalid.
    """
    from terrace.adapters.github import connecting

    where = connecting.place(environ, config.forge.repository, config.forge.api, repository.remote_url)
    return None if where is None else connecting.connect(environ, where)


def require_connection(connection: Connection | None) -> Connection:
    """Returns the connection. Raises NotReady where there is none."""
    if connection is None:
        raise NotReady("this repository is not connected to a forge", hint=UNCONNECTED)
    return connection


def instigator(environ: Mapping[str, str], config: Config) -> str:
    """Returns who started this run of CI: a person in terrace.yaml, or an account without one. A run that was
    started by a schedule or another run belongs to Terrace, regardless of the account that GitHub names. "" outside
    of a run.
    """
    from terrace.gates.approvals.people import People

    if environ.get("GITLAB_CI") == "true":
        login, by_itself = environ.get("GITLAB_USER_LOGIN", ""), environ.get("CI_PIPELINE_SOURCE") == "schedule"
        return "@terrace" if by_itself else People(config).of_login(login) or f"@{login}"
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    if environ.get("GITHUB_EVENT_NAME") in ("schedule", "workflow_run"):
        return "@terrace"
    login = environ.get("GITHUB_TRIGGERING_ACTOR") or environ.get("GITHUB_ACTOR", "")
    return People(config).of_login(login) or f"@{login}"


def run_of_ci(environ: Mapping[str, str]) -> str:
    """Returns the forge and the id of this run of CI; "" outside of one."""
    if environ.get("GITLAB_CI") == "true":
        return f"gitlab {environ.get('CI_PIPELINE_ID', '')}".strip()
    if environ.get("GITHUB_ACTIONS") == "true":
        return f"github {environ.get('GITHUB_RUN_ID', '')}".strip()
    return ""


def access(environ: Mapping[str, str]) -> Access:
    """Returns Git's access to the remote: in a run of CI by the token in the environment, only to the server of that
    run. So the token need not be in the checkout, where other programs could read it.
    """
    url, token = environ.get("CI_SERVER_URL", ""), environ.get("GITLAB_TOKEN", "")
    if environ.get("GITLAB_CI") == "true" and url.startswith("https://") and token:
        # The job token of GitLab cannot push, and the ledger must be pushed.
        return lambda: by_token(url, token, environ)
    server = environ.get("GITHUB_SERVER_URL", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not server.startswith("https://"):
        return usual

    @cache
    def credential() -> Credential | None:
        from terrace.adapters.github import connecting

        where = connecting.place(environ)
        connection = connecting.connect(environ, where) if where is not None else None
        return connection.github.credential if connection is not None else None

    def read_settings() -> Mapping[str, str]:
        who = credential()
        return usual() if who is None else by_token(server, who.token(), environ)

    return read_settings
