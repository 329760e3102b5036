"""The conversations about the changes of a repository, on its forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.report.markdown.replies import marker

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.github.conversation import GitHubConversation


def conversation(forge: Connection, branch: str) -> GitHubConversation:
    """Returns the conversations about changes; `branch` is the protected branch."""
    from terrace.adapters.github.conversation import GitHubConversation

    return GitHubConversation(forge.github, forge.login, branch, marker)
