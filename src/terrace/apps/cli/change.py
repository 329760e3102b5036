"""`check`, `impact` and `plan`: what the working tree would change."""

from __future__ import annotations
