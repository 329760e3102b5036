"""Logs of changes are read from folders and buckets, and no file, link or size breaks the reading."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.change_logs import activity, exported_activity, put, trail_event, trail_file, trail_name
from terrace.adapters.change_logs import FileChangeLogs, ReadLimits
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.drift.change_logs import LoggedChanges

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
NSG = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/web"


def read(root: Path, *places: str, bounds: ReadLimits | None = None) -> LoggedChanges:
    return FileChangeLogs(root, bounds).read(places, AT - timedelta(hours=1), AT + timedelta(hours=1))


def event(number: int = 0) -> dict[str, object]:
    return trail_event(AT, "PutRolePolicy", eventID=f"e{number}")


def test_a_folder_is_read_with_the_files_of_both_clouds_and_nothing_else_in_it(tmp_path: Path) -> None:
    put(tmp_path, f"logs/{trail_name(AT)}", trail_file(event()))
    put(tmp_path, f"logs/{trail_name(AT - timedelta(days=9))}", b"not read")
    operation = "Microsoft.Network/networkSecurityGroups/write"
    put(
        tmp_path,
        "logs/azure/y=2026/m=11/d=25/h=03/m=00/PT1H.json",
        json.dumps(exported_activity(AT, operation, NSG)).encode(),
    )
    put(tmp_path, "logs/list.json", json.dumps([activity(AT, operation, NSG)]).encode())
    put(tmp_path, "logs/README.md", b"# logs")
    found = read(tmp_path, "logs")
    assert (len(found.changes), found.files, found.notes) == (3, 3, ())
    assert len(read(tmp_path, f"file://{tmp_path}/logs").changes) == 3
    assert len(read(tmp_path, "logs/list.json").changes) == 1, "a place may be one file"


def test_a_folder_in_the_middle_of_the_layout_leaves_out_other_days_too(tmp_path: Path) -> None:
    put(tmp_path, trail_name(AT), trail_file(event()))
    put(tmp_path, f"{Path(trail_name(AT - timedelta(days=9))).parent}/old.json", b"not read")
    inside = str(Path(trail_name(AT)).parents[3])
    found = read(tmp_path, inside)
    assert (len(found.changes), found.notes) == (1, ())


def test_what_cannot_be_read_is_told_and_hides_nothing(tmp_path: Path) -> None:
    put(tmp_path, "logs/a.json", b"no JSON")
    put(tmp_path, "logs/b.json.gz", gzip.compress(b"{}")[:-9])
    put(tmp_path, "logs/c.json", trail_file(event()))
    put(tmp_path, "elsewhere/d.json", trail_file(event(1)))
    (tmp_path / "logs/link.json").symlink_to(tmp_path / "elsewhere/d.json")
    (tmp_path / "logs/folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "logs/round").symlink_to(tmp_path / "logs")
    os.mkfifo(tmp_path / "logs/pipe.json")
    found = read(tmp_path, "logs", "nowhere", "gs://bucket")
    assert [one.cause.event for one in found.changes] == ["e0"], "packed whatever its name is, and no link is followed"
    assert [note.partition(":")[0] for note in found.notes] == [
        "logs",
        "logs",
        "nowhere cannot be read",
        "gs",
    ]


@pytest.mark.parametrize(
    ("bounds", "changes", "note"),
    [
        (ReadLimits(files=1), 1, "the oldest 2 of 3 files were not read"),
        (ReadLimits(names=6), 0, "only 6 names were listed"),
        (ReadLimits(stored=10), 0, "it has more than 10 bytes"),
        (ReadLimits(unpacked=10), 0, "it has more than 10 bytes when decompressed"),
        (ReadLimits(in_all=10), 0, "only 10 bytes of the newest files were read"),
        (ReadLimits(changes=1), 1, "only 1 changes were read"),
    ],
    ids=["files", "names", "stored", "unpacked", "in all", "changes"],
)
def test_everything_that_is_read_has_a_bound_which_is_told(
    tmp_path: Path, bounds: ReadLimits, changes: int, note: str
) -> None:
    for minutes in range(3):
        put(tmp_path, f"logs/{trail_name(AT + timedelta(minutes=minutes))}", trail_file(event(minutes)))
    found = read(tmp_path, "logs", bounds=bounds)
    assert len(found.changes) == changes
    assert note in found.notes[0]
    if bounds.files == 1:
        assert found.changes[0].cause.event == "e2", "the newest file is read"


def test_a_small_file_that_unpacks_without_end_is_given_up(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * 2_000_000)
    put(tmp_path, "logs/a.json.gz", bomb * 3)
    found = read(tmp_path, "logs", bounds=ReadLimits(unpacked=1_000_000))
    assert "when decompressed" in found.notes[0]


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.mark.aws
def test_a_bucket_is_read_where_the_time_of_the_cause_is(
    tmp_path: Path, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**aws.variables, "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    aws.make_bucket("trail")
    for name, content in {
        trail_name(AT): trail_file(event()),
        trail_name(AT - timedelta(days=40)): b"not read",
        f"other/{trail_name(AT)}": trail_file(event(1)),
    }.items():
        httpx.put(
            f"{aws.endpoint}/trail/{name}", content=content, headers=aws.sign("s3"), timeout=None
        ).raise_for_status()
    found = read(tmp_path, "s3://trail/AWSLogs")
    assert ([one.cause.event for one in found.changes], found.files, found.notes) == (["e0"], 1, ())
    day = str(Path(trail_name(AT)).parent)
    assert len(read(tmp_path, f"s3://trail/{day}").changes) == 1
    assert len(read(tmp_path, "s3://trail").changes) == 2
    assert "s3://none cannot be read" in read(tmp_path, "s3://none").notes[0]
