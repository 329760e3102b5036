"""`policy test`, `policy input` and `policy update`: for those who write policies."""

from __future__ import annotations

import sys
from pathlib import Path

from terrace.apps.cli.console import emit, note, show
from terrace.apps.cli.watching import Silent
from terrace.apps.policy_pack import upgrade_of, write
from terrace.apps.wiring import Workshop, opa
from terrace.assess.policy.shipped import FOLDER
from terrace.assess.view import view
from terrace.errors import BadInput
from terrace.pipelines.look import plan_in
from terrace.stacks.naming import no_such


def test(folder: str, *, coverage: bool) -> int:
    """Run the tests of the policies that terrace.yaml of the working tree names; exit 1 when one fails."""
    shop = Workshop(Path(folder), fetch=False)
    root = shop.repository.root
    folders = shop.config_at(shop.repository.snapshot()).policies
    there = [one for one in folders if (root / one).is_dir()]
    if not there:
        raise BadInput("there are no policies to test", hint="terrace.yaml: policies: [FOLDER]")
    done = opa().test(root, there, coverage=coverage)
    sys.stdout.write(done.out.decode("utf-8", "replace"))
    sys.stderr.write(done.err.decode("utf-8", "replace"))
    return 0 if done.code == 0 else 1


def given(folder: str, key: str) -> int:
    """Print the view of one stack's plan. Nothing sensitive is in it."""
    shop = Workshop(Path(folder))
    landscape = shop.survey(shop.repository.snapshot())
    stacks = {stack.key: stack for stack in landscape.stacks}
    if key not in stacks:
        raise no_such("stack", key, stacks)
    crew = shop.onlookers(Silent())
    with crew.repository.checkout(landscape.commit, "policy") as root:
        emit(view(plan_in(crew, landscape, stacks[key], root)))
    return 0


def update(folder: str, *, dry_run: bool) -> int:
    """Bring the policies that Terrace wrote to this version's; a file that somebody changed is told and left."""
    shop = Workshop(Path(folder), fetch=False)
    root = shop.repository.root
    todo = upgrade_of(root)
    if not dry_run:
        write(root, todo)
    for names, word in ((todo.new, "new"), (todo.old, "upgraded"), (todo.changed, "left, for it was changed")):
        for name in names:
            show(f"{FOLDER}/{name}: {word}")
    if not todo.files:
        show("nothing to upgrade")
    elif dry_run:
        show("nothing was written: this was a dry run")
    named = shop.config_at(shop.repository.snapshot()).policies
    if not any(one == FOLDER or FOLDER.startswith(f"{one}/") for one in named):
        note(f"note: nothing judges by them yet: terrace.yaml: policies: [{FOLDER}]")
    return 0
