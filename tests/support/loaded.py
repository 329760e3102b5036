"""Importing this imports all of Terrace, and what its commands import: for a server that forks them.

A server that is told the names one by one has all of them in its command line, and then looks in /proc like each of
them, so like the runner of an apply.
"""

from __future__ import annotations

import importlib

from support.forking import LIBRARIES, modules

for _name in (*modules(), *LIBRARIES):
    importlib.import_module(_name)
