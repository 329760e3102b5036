"""Which commits can be promoted: those that succeeded in the previous environment."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.ledger import folds
from terrace.ledger.model import History


def why_not_promotable(history: History, source: str, commit: str) -> str | None:
    """Returns why a commit is not a good release of the previous environment, `source`; None if it is one."""
    if any(release.commit == commit for release in folds.releases(history, source)):
        return None
    short = commit[:7]
    deployments = [d for d in folds.of_environment(history, source) if d.commit == commit]
    if not deployments:
        return f"{short} was never deployed to {source}"
    newest = deployments[-1]
    if newest.open:
        return f"the deployment of {short} to {source} has not finished"
    if newest.undone_by:
        return f"{source} rolled {short} back"
    if newest.result == "succeeded":
        return f"{source} no longer has a release of {short}"
    return f"the newest deployment of {short} to {source} did not succeed ({newest.result})"


def nearest_releases(history: History, source: str, commit: str, line: Sequence[str]) -> tuple[str, ...]:
    """Returns the good releases of `source` next to a commit: the next older one and the next newer one.

    `line` has the commits that may be deployed, newest first. If it does not have the commit, the two newest releases
    are returned.
    """
    good = {release.commit for release in folds.releases(history, source)}
    if commit not in line:
        return tuple([c for c in line if c in good][:2])
    place = line.index(commit)
    newer = [c for c in line[:place] if c in good][-1:]
    older = [c for c in line[place + 1 :] if c in good][:1]
    return (*older, *newer)
