"""Records as a person reads them in a terminal. Words carry the meaning; color only helps the eye."""

from __future__ import annotations

from terrace.report.terminal.checks import check_report as checked
from terrace.report.terminal.checks import findings_table as findings_table
from terrace.report.terminal.checks import impact_tree as impact
from terrace.report.terminal.checks import plans_tree as plans
from terrace.report.terminal.deployments import deployment_tree as deployment
from terrace.report.terminal.deployments import gates_table as gates
from terrace.report.terminal.deployments import history_table as history
from terrace.report.terminal.deployments import status_table as status
from terrace.report.terminal.deployments import step_line as step_line

__all__ = ["checked", "deployment", "findings_table", "gates", "history", "impact", "plans", "status", "step_line"]
