"""A short name for the plans that wait, for people to say which ones they mean."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from terrace.gates.model import Subject

LENGTH = 8
"""Hexadecimal digits. It names plans among the few that wait, and proves nothing: what is bound to is the subjects."""


def handle(subjects: Iterable[Subject]) -> str:
    """The name of these plans, whatever their order; "" for none."""
    digests = sorted(f"{subject.stack} {subject.digest}" for subject in subjects)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:LENGTH] if digests else ""
