"""Which files of a folder of policies are read."""

from __future__ import annotations

KINDS = (".rego", ".json", ".yaml", ".yml")
"""Policies, and the data that they use."""
