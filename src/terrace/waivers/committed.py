"""The waivers of commits: of the protected branch, and of a change."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.assess.waiver import BASELINE, PATH, Waiver
from terrace.config.model import Config
from terrace.errors import BadInput
from terrace.hcl.layout import is_configuration
from terrace.hcl.tree import Tree, read_many
from terrace.waivers.comments import find_added_skips
from terrace.waivers.judging import Waivers
from terrace.waivers.reading import read_waivers


def records(tree: Tree, config: Config) -> tuple[Waiver, ...]:
    """Returns the waivers and the baseline of a tree. Raises BadConfig where one cannot be read."""
    return tuple(
        w for path in (PATH, BASELINE) if path in tree.entries for w in read_waivers(tree.read(path), path, config)
    )


def waivers(trusted: Tree, rules: Config, head: Tree, proposed: Config, changed: Iterable[str] = ()) -> Waivers:
    """Returns the waivers of the protected branch and of a change, with the comments that its `changed` files add.

    Raises BadConfig where those of the change cannot be read.
    """
    offered = records(head, proposed)
    same = rules == proposed and all(trusted.entries.get(path) == head.entries.get(path) for path in (PATH, BASELINE))
    sources = [path for path in changed if is_configuration(path.rpartition("/")[2]) and path in head.entries]
    before = read_many(trusted, [path for path in sources if path in trusted.entries])
    contents = read_many(head, sources).items()
    requested = tuple(
        skip for path, content in contents for skip in find_added_skips(path, content, before.get(path, b""))
    )
    try:
        return Waivers(offered if same else records(trusted, rules), offered, skips=requested)
    except BadInput as error:
        # A file that is broken on the protected branch must not block its own fix; until then nothing is waived.
        return Waivers((), offered, unread=str(error), skips=requested)


def valid_waivers(trusted: Tree, rules: Config) -> Waivers:
    """Returns the waivers of the protected branch alone. If they are unreadable, none is valid; `unread` is why."""
    try:
        return Waivers(records(trusted, rules))
    except BadInput as error:
        return Waivers(unread=str(error))
