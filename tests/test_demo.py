"""`make demo`, whole: the story that a newcomer sees first must hold to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from terrace.apps.demo.sample import lay


def play(folder: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "terrace", "demo", "--folder", folder, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.aws
def test_the_demo_plays_to_its_end(tmp_path: Path) -> None:
    # As on a machine that has no Terraform; every other test has one.
    told = play(tmp_path / "demo", "--binary", "embedded")
    assert "4 stacks impacted" in told
    assert "modules/labels/main.tf → modules/labels → modules/service → environments/dev" in told
    assert "approved by bob for infrastructure-lead, carol for security, dave for product-owner" in told
    assert all(f"CostCentre of /{name}-orders/replicas = shop" in told for name in ("dev", "staging", "prod"))
    assert "critical actionable module.service.aws_security_group.web: ingress" in told
    assert "dev-orders-web is open to everyone on ports = (443,)" in told, "the port that was opened by hand is closed"
    assert "/prod-orders/replicas = 3" in told, "the sick release was undone"
    assert "prod accepts deployments again" in told
    network, app = told.rindex("prod/network"), told.rindex("prod/app")
    assert network < app
    assert (tmp_path / "demo/infrastructure/terrace.yaml").is_file(), "the folder is kept"


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "terrace", "demo", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_sample_is_formatted_and_its_people_have_keys(tmp_path: Path) -> None:
    layout = lay(tmp_path / "demo")
    subprocess.run(["terraform", "fmt", "-check", "-recursive", layout.clone], check=True)
    signers = (layout.clone / ".terrace/allowed_signers").read_text().splitlines()
    assert [line.split()[0] for line in signers] == ["alice", "bob", "carol", "dave"]
