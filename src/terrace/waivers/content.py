"""Fingerprints of the lines that findings are about. A line keeps its fingerprint when it is moved or indented."""

from __future__ import annotations

import hashlib
import re
from functools import cache

from terrace.assess.model import Finding
from terrace.hcl.tree import Tree
from terrace.waivers.judging import Content


def fingerprint(text: str) -> str:
    """Returns 16 hexadecimal characters that identify a text, whatever its white space."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def contents(tree: Tree) -> Content:
    """Returns a function to the fingerprint of a finding's line; without a line, of its message without numbers."""

    @cache
    def lines(path: str) -> list[str]:
        return tree.read(path).decode("utf-8", "replace").split("\n") if path in tree.entries else []

    def content(finding: Finding) -> str:
        file_lines = lines(finding.path) if finding.path and finding.line else []
        if 0 < finding.line <= len(file_lines):
            return fingerprint(file_lines[finding.line - 1])
        return fingerprint(re.sub(r"\b[0-9a-f]{7,}\b|\d+", "#", finding.message))

    return content
