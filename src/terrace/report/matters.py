"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.report.markdown.issues import audit_issues as audit_matters
from terrace.report.markdown.issues import drift_issues as drift_matters

__all__ = ["audit_matters", "drift_matters"]
