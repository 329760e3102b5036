"""The handle of what waits: a short text that names one deployment and exactly its plans, for people to copy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple

from terrace.gates.model import Subject

LENGTH = 32
"""Hexadecimal digits. People who write into the ledger choose parts of what is hashed, so that they could look for two
deployments with one handle: with 32 digits that takes 2^64 tries. There is no key in it, because the jobs that hear
comments have none."""

OLD_LENGTH = 8
"""Digits of the handles of earlier versions, which name too little to be answered."""


def handle(deployment: str, subjects: Iterable[Subject]) -> str:
    """Returns the handle of the plans of a deployment that wait together; "" where there are none.

    The order of the plans does not matter.
    """
    told = sorted(astuple(subject) for subject in subjects)
    return hashlib.sha256(json.dumps([deployment, told]).encode()).hexdigest()[:LENGTH] if told else ""
