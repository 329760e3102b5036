"""The forge that a repository is connected to, as the environment, terrace.yaml and the remote say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from terrace.adapters.git.repository import GitRepository
from terrace.stacks.config import Config

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection


def connect(environ: Mapping[str, str], config: Config, repository: GitRepository) -> Connection | None:
    """The connection, or None where there is no token or nothing says where the repository is.

    Raises NotReady where what is said cannot be used.
    """
    from terrace.adapters.github import connecting

    where = connecting.place(environ, config.forge.repository, config.forge.api, repository.remote_url)
    return None if where is None else connecting.connect(environ, where)
