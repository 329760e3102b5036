"""Objects that are written by one process are those that Git makes one by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.git import git
from terrace.adapters.git.packs import make_object, make_tree, write_objects

CONTENTS = (b"", b"x", b"fifteen bytes..", b"sixteen bytes...", os.urandom(2047), os.urandom(2048), b"\0\xff" * 300_000)


def empty(folder: Path, form: str) -> Path:
    git(folder, "init", "--quiet", f"--object-format={form}", "work")
    return folder / "work"


@pytest.mark.parametrize(("form", "digits"), [("sha1", 40), ("sha256", 64)])
def test_what_is_written_has_the_id_and_the_content_that_git_gives_it(tmp_path: Path, form: str, digits: int) -> None:
    work = empty(tmp_path, form)
    blobs = [make_object("blob", content, digits=digits) for content in CONTENTS]
    below = make_tree({"one": ("100644", blobs[1].id)}, digits=digits)
    entries = {
        "a": ("040000", below.id),
        "a.b": ("100644", blobs[0].id),
        "a-b": ("100755", blobs[2].id),
        "a0": ("120000", blobs[3].id),
        "ü": ("40000", below.id),
    }
    tree = make_tree(entries, digits=digits)
    said = f"tree {tree.id}\nauthor ann <a@b> 1767571200 +0000\ncommitter ann <a@b> 1767571200 +0000\n\nsaid\n"
    commit = make_object("commit", said.encode(), digits=digits)
    assert write_objects(work, [*blobs, below, tree, commit]).code == 0

    for blob in blobs:
        assert git(work, "hash-object", "--stdin", stdin=blob.content) == blob.id
    kinds = {"40000": "tree", "040000": "tree"}
    lines = "".join(f"{mode} {kinds.get(mode, 'blob')} {id_}\t{name}\0" for name, (mode, id_) in entries.items())
    assert git(work, "mktree", "-z", stdin=lines.encode()) == tree.id
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _ANN.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in identity.items():
            patch.setenv(name, value)
        assert git(work, "commit-tree", "-m", "said", tree.id) == commit.id
    assert git(work, "fsck", "--strict", "--no-dangling", commit.id) == ""
    assert git(work, "cat-file", "blob", blobs[1].id) == "x"


_ANN = {"NAME": "ann", "EMAIL": "a@b", "DATE": "1767571200 +0000"}


def test_a_clone_that_cannot_be_written_is_told_by_the_exit_code(tmp_path: Path) -> None:
    work = empty(tmp_path, "sha1")
    blob = make_object("blob", b"x", digits=40)
    folder = work / ".git/objects" / blob.id[:2]
    folder.write_text("a file in the place of the folder")
    assert write_objects(work, [blob]).code != 0
