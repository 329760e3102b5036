"""The checks of a change by name, in the order in which their findings are shown. A new check is added here."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.checks import (
    check_blocks,
    commits,
    deprecated,
    formatting,
    layout,
    lock_file,
    naming,
    outside_files,
    pinned,
    removed_output,
    required_files,
    shared_state,
    trust_root,
    unused,
    volatile,
    warnings,
)
from terrace.checks.base import Check
from terrace.checks.module_docs import check as docs
from terrace.checks.policy import check as policy
from terrace.checks.scanners import checks as scanners
from terrace.checks.secrets import check as secrets
from terrace.checks.secrets import plan_check as plan_secrets

CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        formatting.CHECK,
        trust_root.CHECK,
        layout.CHECK,
        outside_files.CHECK,
        shared_state.CHECK,
        removed_output.CHECK,
        policy.CHECK,
        commits.CHECK,
        pinned.CHECK,
        lock_file.CHECK,
        unused.CHECK,
        required_files.CHECK,
        docs.CHECK,
        naming.CHECK,
        deprecated.CHECK,
        secrets.CHECK,
        plan_secrets.CHECK,
        volatile.CHECK,
        check_blocks.CHECK,
        warnings.CHECK,
        *scanners.ALL,
    )
}
