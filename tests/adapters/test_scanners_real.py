"""The real checkov and gitleaks, called as a check calls them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.plans import STACK, change, plan_of
from support.tools import program, toolbox
from terrace.adapters.scanners.run import ScannerRun
from terrace.adapters.tools.known import tool
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.scanners.plan_document import document
from terrace.checks.scanners.scanner import ScanFolders, Settings
from terrace.errors import NotReady
from terrace.plans.model import MASKED, UNKNOWN, Action, ResourceChange

SOURCES = {
    "environments/dev/main.tf": 'module "store" {\n  source = "../../modules/store"\n}\n',
    "modules/store/main.tf": """\
resource "aws_db_instance" "d" {
  #checkov:skip=CKV_AWS_161:no IAM here
  engine              = "mysql"
  publicly_accessible = true
}
""",
    "modules/store/broken.tf": 'resource "aws_s3_bucket" "b" {\n',
}


NO_SETTINGS = Settings({})


def run_of(folder: Path, scanner: str, program: Path, files: Mapping[str, str]) -> ScannerRun:
    """A run on these files, without settings of users."""
    folders = ScanFolders(folder / "root", folder / "settings", folder / "home")
    folders.home.mkdir()
    contents = {folders.root / name: text.encode() for name, text in files.items()}
    contents.update({folders.settings / name: text for name, text in SCANNERS[scanner].settings({}).files.items()})
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return ScannerRun(SCANNERS[scanner], program, folders, os.environ["PATH"])


def checkov() -> Path:
    found = toolbox().find(tool("checkov"))
    assert found is not None
    return found.path


@pytest.mark.slow
def test_checkov_on_sources(tmp_path: Path) -> None:
    scan = SCANNERS["checkov"].sources
    assert scan is not None
    found = {f.rule: f for f in run_of(tmp_path, "checkov", checkov(), SOURCES).scan_sources(scan)}
    public = found["checkov.CKV_AWS_17"]
    assert (public.path, public.line, public.severity) == ("modules/store/main.tf", 1, Severity.CRITICAL)
    assert found["checkov.CKV_AWS_161"].status is Status.WAIVED
    assert (found["checkov"].status, found["checkov"].path) == (Status.UNKNOWN, "modules/store/broken.tf")


def _bucket(address: str, module: str, bucket: object) -> tuple[ResourceChange, ...]:
    acl = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    made = (
        ResourceChange(f"{module}.aws_s3_bucket.b", "aws_s3_bucket", "b", Action.CREATE, after={"bucket": "x"}),
        ResourceChange(
            f"{module}.aws_s3_bucket_public_access_block.b",
            "aws_s3_bucket_public_access_block",
            "b",
            Action.CREATE,
            after={"bucket": bucket, **dict.fromkeys(acl, True)},
        ),
    )
    return tuple(replace(one, module=module) for one in made)


@pytest.mark.slow
def test_checkov_on_plans_of_several_stacks_at_once(tmp_path: Path) -> None:
    database = {"engine": "mysql", "publicly_accessible": True, "password": MASKED, "arn": UNKNOWN}
    deep = 'module.a["x.module.y"].module.b'
    one = plan_of(
        (change("aws_db_instance.d", Action.CREATE, after=database), *_bucket("b", deep, UNKNOWN)),
        references=(("module.a.module.b.aws_s3_bucket_public_access_block.b", "bucket", "aws_s3_bucket.b.id"),),
    )
    gone = plan_of([change("aws_db_instance.d", Action.DELETE, before=database)])
    files = {"plan-0.json": json.dumps(document(one)), "plan-1.json": json.dumps(document(gone))}
    scan = SCANNERS["checkov"].plans
    assert scan is not None
    found = run_of(tmp_path, "checkov", checkov(), files).scan_plans(
        scan, {"plan-0.json": STACK.key, "plan-1.json": "prod"}
    )
    told = {(f.stack, f.rule, f.address) for f in found}
    assert ("dev", "checkov.CKV_AWS_17", "aws_db_instance.d") in told
    assert ("dev", "checkov.CKV_AWS_18", f"{deep}.aws_s3_bucket.b") in told
    # The bucket has its block: they are joined by what the configuration refers to, since its id is not known yet.
    assert not any(rule == "checkov.CKV2_AWS_6" for _, rule, _ in told)
    assert not any(stack == "prod" for stack, _, _ in told)


def test_gitleaks_on_files(tmp_path: Path) -> None:
    token = "ghp_" + "012345678901234567890123456789abcdEF"
    files = {"a/x.tf": f'\n\ntoken = "{token}" # gitleaks:allow\n', "b.tf": "nothing = 1\n"}
    scan = SCANNERS["gitleaks"].commits
    assert scan is not None
    run = run_of(tmp_path, "gitleaks", program("gitleaks"), files)
    (found,) = run.scan_commits(scan, lambda name: ("abcdef1234", name) if name in files else None, NO_SETTINGS)
    assert isinstance(found, Finding)
    assert (found.rule, found.path, found.line) == ("gitleaks.github-pat", "a/x.tf", 3)
    assert token not in repr(found)
    (run.folders.settings / "gitleaks.toml").write_text("[[rules]]\nid = 3\n")
    with pytest.raises(NotReady, match="gitleaks exited with 1"):
        run.scan_commits(scan, lambda name: None, NO_SETTINGS)
