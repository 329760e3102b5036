"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.report.terminal.states import adopted_summary as adopted
from terrace.report.terminal.states import adoption_proposal as adoption
from terrace.report.terminal.states import backups_table as catalogue
from terrace.report.terminal.states import comparison as compared
from terrace.report.terminal.states import drills_table as drills
from terrace.report.terminal.states import nothing_to_adopt as settled
from terrace.report.terminal.states import pruned_tree as pruned
from terrace.report.terminal.states import rekeyed_tree as rekeyed
from terrace.report.terminal.states import restore_proposal as proposal
from terrace.report.terminal.states import restored_summary as restored
from terrace.report.terminal.states import state_checks_table as looks
from terrace.report.terminal.states import state_problems as problems

__all__ = [
    "adopted",
    "adoption",
    "catalogue",
    "compared",
    "drills",
    "looks",
    "problems",
    "proposal",
    "pruned",
    "rekeyed",
    "restored",
    "settled",
]
