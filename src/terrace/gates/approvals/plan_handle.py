"""The handle of a pending deployment: a short text that names it and exactly its plans, for people to copy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple

from terrace.gates.model import Subject

LENGTH = 32
"""Number of hexadecimal digits. A person who can write to the ledger chooses parts of the hashed text, and could search
for two deployments with one handle: 32 digits require 2^64 attempts. The handle is not keyed, because the jobs that
process comments have no key."""

OLD_LENGTH = 8
"""Digits of the handles of earlier versions, which are too short to be accepted."""


def handle(deployment: str, subjects: Iterable[Subject]) -> str:
    """Returns the handle of the pending plans of a deployment, "" when there are none.

    The order of the plans does not matter.
    """
    values = sorted(astuple(subject) for subject in subjects)
    return hashlib.sha256(json.dumps([deployment, values]).encode()).hexdigest()[:LENGTH] if values else ""
