"""Where people talk about the changes of a repository, on the forge that it is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.report.markdown.replies import marker

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.github.conversation import GitHubConversation


def conversation(forge: Connection, branch: str) -> GitHubConversation:
    """Where people talk about changes; `branch` is the protected one."""
    from terrace.adapters.github.conversation import GitHubConversation

    return GitHubConversation(forge.github, forge.login, branch, marker)
