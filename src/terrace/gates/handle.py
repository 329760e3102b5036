"""A short name for exactly what waits: eight letters that people can write, and that change when any plan does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple

from terrace.gates.model import Subject

LENGTH = 8
"""Hexadecimal digits. No plan can be made to fit one by trial: digests are keyed, and never shown whole."""


def handle(subjects: Iterable[Subject]) -> str:
    """The handle of plans that wait together; "" where there are none. Their order does not matter."""
    told = sorted(astuple(subject) for subject in subjects)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:LENGTH] if told else ""
