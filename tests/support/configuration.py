"""terrace.yaml as Terrace reads it, with every check that it has."""

from __future__ import annotations

from functools import partial

from terrace.checks.all import CHECKS
from terrace.config.load import load as load_with

load = partial(load_with, checks=CHECKS)
