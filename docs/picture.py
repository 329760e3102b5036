"""Draws docs/picture.svg from a real run of the demo: what it prints on a terminal, cut to the telling parts.

`make picture`. Takes as long as the demo.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 104
PICTURE = Path(__file__).parent / "picture.svg"
_PARTS = (
    (r"\$ terrace check", 16),
    (r"\$ terrace approve prod --as dave", 1),
    (r"pass  approvals approved by bob for", 2),
    (r"\$ terrace drift dev$", 9),
    (r"^prod failed, and terrace.yaml has", 13),
    (r"\$ terrace tick", 2),
    (r"\$ terrace history", 4),
)
"""A line that matches, and how many lines from there are shown."""


def main() -> None:
    """Run the demo on a terminal of its own, pick the parts, draw them."""
    lines = _printed().split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    picked: list[str] = []
    for start, count in _PARTS:
        first = next(i for i, line in enumerate(plain) if re.search(start, line))
        picked += [*(line.rstrip() for line in lines[first : first + count]), ""]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(picked).rstrip()))
    text = console.export_svg(title="terrace: a commit on its way to production", unique_id="terrace")
    # Fonts from a network would make the picture depend on somebody else.
    PICTURE.write_text(re.sub(r"\s*@font-face \{.*?\}\n", "\n", text, flags=re.DOTALL))


def _printed() -> str:
    """Everything that the demo prints on its terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-P", "-m", "terrace", "demo", "--folder", f"{folder}/demo"]
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        child = subprocess.Popen(argv, stdout=theirs, stderr=subprocess.DEVNULL, env=env)
        os.close(theirs)
        printed = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            printed += part
        if child.wait() != 0:
            sys.exit(f"the demo failed:\n{printed.decode()}")
    return printed.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
