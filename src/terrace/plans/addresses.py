"""Addresses of objects, and the blocks of the configuration that they are of."""

from __future__ import annotations


def block_of(address: str) -> str:
    """The block of an address: the same without any index, which may hold every character."""
    kept, depth, quoted, escaped = [], 0, False, False
    for character in address:
        if quoted:
            escaped, quoted = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            quoted = True
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)
