"""Real Git repositories, small: with a bare remote, and clones of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def git(folder: Path, *args: str | Path, stdin: bytes | None = None) -> str:
    """Run git and return what it said; fails loudly."""
    done = subprocess.run(["git", "-C", folder, *args], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def repository(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """A repository on main with one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, files or {"README.md": "hello\n"})
    return folder


def with_remote(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """A repository whose `origin` is a bare one beside it, in step with it."""
    folder_of_clone = repository(folder, files)
    bare = folder.with_name(f"{folder.name}.git")
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", bare)
    git(folder_of_clone, "remote", "add", "origin", bare)
    git(folder_of_clone, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder_of_clone


def clone(of: Path, folder: Path) -> Path:
    """A clone of what a repository has as its remote."""
    git(of, "clone", "--quiet", git(of, "remote", "get-url", "origin"), folder)
    return folder


def commit(folder: Path, files: Mapping[str, str | None], message: str = "change") -> str:
    """Write files (None removes one), commit everything, and return the commit."""
    for name, text in files.items():
        path = folder / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")
