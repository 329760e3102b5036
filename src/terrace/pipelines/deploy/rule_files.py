"""The files of the trust root with rules, besides terrace.yaml and the signers."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.assess.waiver import BASELINE
from terrace.assess.waiver import PATH as WAIVERS
from terrace.checks.policy.files import KINDS
from terrace.config.model import Config
from terrace.hcl.tree import Tree


def rule_files(tree: Tree, config: Config) -> Mapping[str, str]:
    """Returns the files of a tree with rules, besides terrace.yaml and the signers, with the ids of their contents."""
    folders = tuple(f"{folder}/" for folder in config.policy_sources)
    return {
        path: entry.blob
        for path, entry in tree.entries.items()
        if path in (WAIVERS, BASELINE) or (path.startswith(folders) and path.endswith(KINDS))
    }
