"""Impact against what a real Terraform opens: ten layouts of repositories, 1,000 random edits.

Every stack of each layout is initialized, planned and applied once with a local state, traced with strace. An edit
really touches those stacks whose Terraform opened the edited file. Printed: the edits of which Terrace left out such a
stack (there may be none), and how many stacks Terrace names for each one that is touched, in the median.

    impact_traced.py [--edits 1000] [--seed 1] [--layout NAME] [--record]

`--record` writes what was opened to `tests/stacks/golden/opens.json`, with which a test repeats a few of the edits.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.layouts import LAYOUTS, Layout, Opens, layout, random_edit
from support.trees import changed_between

RECORD = Path(__file__).parent.parent / "tests" / "stacks" / "golden" / "opens.json"
_CALLS = "openat|newfstatat|readlinkat|statx|faccessat2?|open|readlink|stat|lstat"
_CALL = re.compile(rf'\b({_CALLS})\((?:AT_FDCWD<([^>]*)>, )?"([^"]*)"(?:, .*(AT_SYMLINK_NOFOLLOW))?')
_TRACED = "openat,open,newfstatat,stat,lstat,statx,readlinkat,readlink,faccessat,faccessat2"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("--edits", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--layout", choices=sorted(LAYOUTS), action="append")
    options.add_argument("--record", action="store_true")
    given = options.parse_args()
    if shutil.which("strace") is None:
        print("skipped: strace is not on PATH")
        return
    names = given.layout or list(LAYOUTS)
    recorded: dict[str, object] = {}
    missed, ratios, beside, count = 0, list[float](), list[int](), 0
    for name in names:
        made = layout(name, given.seed)
        opens = traced(made)
        recorded[name] = {
            "digest": made.digest,
            "stacks": {key: [sorted(one.opened), sorted(one.looked)] for key, one in opens.items()},
        }
        chance = random.Random(f"{name} {given.seed} edits")
        mine = list[float]()
        for _ in range(max(1, given.edits // len(names))):
            edit = random_edit(made, opens, chance)
            found = {one.stack.key for one in changed_between(edit.before, edit.after).impacts}
            count += 1
            if edit.touched - found:
                missed += 1
                print(f"missed: {name}: {edit.what}: {', '.join(sorted(edit.touched - found))}")
            if edit.touched:
                mine.append(len(found) / len(edit.touched))
            else:
                beside.append(len(found))
        ratios += mine
        print(
            f"{name}: {len(made.stacks)} stacks, {len(made.files)} files; median {statistics.median(mine):.2f}, mean "
            f"{statistics.mean(mine):.2f} stacks named for each one that is touched"
        )
    print(f"{count} edits, {missed} with a stack left out; {len(ratios)} touch a stack")
    median, mean = statistics.median(ratios), statistics.mean(ratios)
    print(f"stacks named for each one that is touched: median {median:.2f}, mean {mean:.2f}")
    if beside:
        named = sum(1 for one in beside if one)
        print(
            f"{len(beside)} edits touch no stack; {named} of them name some, {statistics.mean(beside):.2f} in the mean"
        )
    if given.record:
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    if missed:
        raise SystemExit(1)


def traced(made: Layout) -> dict[str, Opens]:
    """What Terraform opens for every stack."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve() / "repository"
        for path, text in made.files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                file.symlink_to(text.removeprefix("-> "))
            else:
                file.write_text(text)
        for number, (key, (folder, var_files)) in enumerate(sorted(made.stacks.items())):
            log = Path(place) / "log"
            log.unlink(missing_ok=True)
            given = [f"-var-file={root / one}" for one in var_files]
            state = f"-state={place}/{number}.tfstate"
            for arguments in (
                ["init", "-input=false", "-no-color"],
                ["plan", "-input=false", "-no-color", "-refresh=false", state, f"-out={place}/{number}.plan", *given],
                ["apply", "-input=false", "-no-color", state, f"{place}/{number}.plan"],
            ):
                command = ["strace", "-f", "-qq", "-y", "-s", "4096", "--seccomp-bpf", "-A", "-o", str(log)]
                command += ["-e", f"trace={_TRACED}"]
                done = subprocess.run(
                    [*command, "terraform", *arguments],
                    cwd=root / folder,
                    env={**os.environ, "TF_DATA_DIR": f"{place}/{number}.data", "CHECKPOINT_DISABLE": "1"},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode != 0:
                    raise SystemExit(f"{made.name} {key}: terraform {arguments[0]}: {done.stderr[-2000:]}")
            found[key] = _opens(log.read_text(errors="replace"), root, root / folder, made)
    return found


def _opens(log: str, root: Path, folder: Path, made: Layout) -> Opens:
    opened: set[str] = set()
    looked: set[str] = set()
    for call, where, name, listed in {found.groups() for found in _CALL.finditer("\n".join(_whole(log)))}:
        if listed or call == "lstat":
            # Listing a folder looks at each name in it, also at those that Terraform ignores.
            continue
        into = opened if call in ("openat", "open", "readlinkat", "readlink") else looked
        into |= _walked(Path(where or folder) / name, root, made, follow=not call.startswith("readlink"))
    return Opens(frozenset(opened), frozenset(looked - opened))


def _whole(log: str) -> Iterator[str]:
    """The lines of a log, those that another thread broke in two put together again."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        process = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
        elif " resumed>" in line:
            yield begun.pop(process, "") + line.partition(" resumed>")[2]
        else:
            yield line
    yield from begun.values()


def _walked(path: Path, root: Path, made: Layout, *, follow: bool) -> set[str]:
    """The links on the way to a path, and the file at its end, as paths of the repository."""
    found: set[str] = set()
    done, left = Path("/"), list(path.parts[1:])
    for _ in range(200):
        if not left:
            break
        step = left.pop(0)
        here = done.parent if step == ".." else done / step
        if here.is_symlink() and (left or follow):
            found.add(str(here))
            left = [*here.readlink().parts, *left]
        else:
            done = here
    found.add(str(done))
    return {one.removeprefix(f"{root}/") for one in found if one.startswith(f"{root}/")} & made.files.keys()


if __name__ == "__main__":
    main()
