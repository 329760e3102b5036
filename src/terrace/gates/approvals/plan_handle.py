"""The handle of a pending deployment: a short text that names it and exactly its plans, for people to copy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import astuple

from terrace.gates.model import Subject

LENGTH = 32
"""Number of hexadecimal digits. A person who can write to the ledger chooses parts of the hashed text, and could search
for two deployments with one handle: 32 digits require 2^64 attempts. The handle is not keyed, because the jobs that
process comments have no key."""


def handle(deployment: str, subjects: Iterable[Subject]) -> str:
    """Returns the handle of the pending plans of a deployment, "" when there are none.

    The order of the plans does not matter.
    """
    values = sorted(astuple(subject) for subject in subjects)
    return hashlib.sha256(json.dumps([deployment, values]).encode()).hexdigest()[:LENGTH] if values else ""


def is_handle(text: str) -> bool:
    """Returns whether a text has the form of a handle."""
    return re.fullmatch(rf"[0-9a-f]{{{LENGTH}}}", text) is not None
