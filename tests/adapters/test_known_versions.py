"""The version of a binary is remembered as long as nothing but the file decides it."""

from __future__ import annotations

import os
import shutil
import struct
import time
from pathlib import Path

import pytest

from terrace.adapters.terraform.binary import find
from terrace.adapters.terraform.known_versions import identity, recall, remember
from terrace.config.model import TerraformSettings


def real() -> Path:
    found = shutil.which("terraform")
    assert found is not None
    return Path(found).resolve()


def test_a_binary_that_was_asked_is_not_started_again(tmp_path: Path) -> None:
    settings = TerraformSettings(binary=str(real()))
    asked = find(settings, os.environ, tmp_path)
    program = identity(real())
    assert program is not None
    assert recall(tmp_path, program) == str(asked.version)
    remember(tmp_path, program, "1.99.0")
    assert str(find(settings, os.environ, tmp_path).version) == "1.99.0"
    remember(tmp_path, program, "no version")
    assert find(settings, os.environ, tmp_path) == asked


def program_of(path: Path, package: str) -> Path:
    """A file that the Go linker could have written of that package, as far as it is looked at."""
    told = b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.23.3" + f"path\t{package}\n".encode()
    names = b"\0.go.buildinfo\0"
    sections = b"".join(
        struct.pack("<I20xQQ24x", name, start, len(content))
        for name, start, content in ((0, 64, names), (1, 64 + len(names), told))
    )
    head = b"\x7fELF\x02\x01".ljust(40, b"\0") + struct.pack("<Q", 64 + len(names) + len(told))
    path.write_bytes(head.ljust(58, b"\0") + struct.pack("<HHH", 64, 2, 0) + names + told + sections)
    return path


@pytest.mark.parametrize("package", ["github.com/hashicorp/terraform", "github.com/opentofu/opentofu/cmd/tofu"])
def test_another_file_is_another_program(tmp_path: Path, package: str) -> None:
    program = program_of(tmp_path / "terraform", package)
    first, seen = identity(program), program.stat()
    assert first is not None
    assert first == identity(program)
    (tmp_path / "link").symlink_to(program)
    assert identity(tmp_path / "link") == first, "a link is what it leads to"
    time.sleep(0.02)  # the clock of file systems ticks every few milliseconds
    program_of(program, package)
    os.utime(program, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert program.stat().st_mtime_ns == seen.st_mtime_ns
    assert identity(program) not in (None, first), "it was written anew, with the same size and time"
    assert identity(tmp_path / "gone") is None


@pytest.mark.parametrize("content", [b"#!/bin/sh\necho 1.9.0\n", b"", b"\x7fELF\x02\x01" + b"\xff" * 200])
def test_a_program_that_may_answer_by_more_than_its_file_is_asked_each_time(tmp_path: Path, content: bytes) -> None:
    program = tmp_path / "terraform"
    program.write_bytes(content)
    assert identity(program) is None
    assert identity(program_of(program, "github.com/tofuutils/tenv/v4/cmd/terraform")) is None, "a version manager"


@pytest.mark.parametrize("kept", [b"", b"[]", b"{", b'{"x": 1}', b"\xff", b"[" * 100_000])
def test_damaged_memory_is_none(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "terraform-version.json").write_bytes(kept)
    assert recall(tmp_path, "x") is None
