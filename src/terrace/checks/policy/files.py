"""The files of a folder of policies that are read."""

from __future__ import annotations

KINDS = (".rego", ".json", ".yaml", ".yml")
"""Endings of policies, and of the data that they use."""
