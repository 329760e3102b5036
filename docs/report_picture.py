"""Draws docs/check.png: the page of a check, as Chromium shows it. `python docs/report_picture.py`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.check_outcomes import rich  # noqa: E402
from terrace.report.html.check import check_page  # noqa: E402


def main() -> None:
    """Write the picture; exit 1 where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed, and there is none on PATH")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "check.html"
        file.write_text(check_page(rich()), encoding="utf-8")
        looks = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1120,1420")
        shot = f"--screenshot={HERE / 'check.png'}"
        subprocess.run([chromium, *looks, shot, file.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
