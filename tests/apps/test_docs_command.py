"""`terrace docs` as somebody runs it, and the check `docs`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, World, three_environments, world
from support.git import commit, git, repository

pytestmark = pytest.mark.slow

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
OTHER = 'variable "other" {\n  type = string\n}\n'


def test_documentation_pages_are_written_once_and_checked(tmp_path: Path) -> None:
    marked = f"# Dev\r\n\r\n{BEGIN}\r\n{END}\r\n\r\nMine."
    files = {
        "environments/dev/main.tf": MODULE,
        "environments/prod/main.tf": MODULE,
        "modules/a/main.tf": MODULE,
        "modules/a/examples/x/main.tf": MODULE,
        "modules/b/main.tf": OTHER,
        "modules/b/readme.md": "# B",
        "environments/dev/.terraform/modules/theirs/main.tf": OTHER,
        "environments/dev/.terraform/modules/theirs/README.md": f"{BEGIN}\n{END}\n",
    }
    work = World(repository(tmp_path / "work", files))
    (work.work / "environments" / "dev" / "README.md").write_bytes(marked.encode())
    before = work.run("docs", "check", "--json")
    assert before.code == 1
    states = {one["folder"]: one["state"] for one in before.json["modules"]}
    assert states == {"environments/dev": "differs", "modules/a": "missing", "modules/b": "differs"}
    assert "`other`" in next(one["diff"] for one in before.json["modules"] if one["folder"] == "modules/b")

    done = work.ok("docs", "generate")
    assert done.out.splitlines() == [
        "wrote environments/dev/README.md",
        "wrote modules/a/README.md",
        "wrote modules/b/readme.md",
    ]
    after = (work.work / "environments" / "dev" / "README.md").read_bytes()
    start, end = marked.encode().split(f"{END}".encode())
    assert after.startswith(start)
    assert after.endswith(END.encode() + end)
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert (work.work / "modules/b/readme.md").read_text().startswith("# B\n\n<!-- terrace:docs:begin -->\n## Inputs")
    assert work.ok("docs", "check").out == ""
    assert work.ok("docs", "generate").out == ""
    assert not list(work.work.rglob("*.part"))

    from_below = World(work.work / "modules")
    (work.work / "modules/a/main.tf").write_text(OTHER)
    told = from_below.run("docs", "check", "a")
    assert told.code == 1
    assert "modules/a/README.md:3: the module docs are out of date" in told.out
    assert "+| `other` | | `string` | | yes |" in told.out


def test_wrong_use_and_what_cannot_be_read_are_said_with_their_place(tmp_path: Path) -> None:
    files = {"modules/a/main.tf": "variable {{\n", "modules/b/main.tf": OTHER, "modules/b/README.md": f"{BEGIN}\n"}
    work = World(repository(tmp_path / "work", files))
    (work.work / "README.md").symlink_to(tmp_path / "outside.md")
    (work.work / "main.tf").write_text(OTHER)
    done = work.run("docs", "generate")
    assert done.code == 2
    assert "error: modules/a/main.tf:1: there is a syntax error" in done.err
    assert "error: modules/b/README.md:1: 'BEGIN_TF_DOCS' begins a part that nothing ends" in done.err
    assert "error: README.md: a symbolic link is on the way to it" in done.err
    assert (work.work / "modules/b/README.md").read_text() == f"{BEGIN}\n"
    assert not (work.work / "modules/a/README.md").exists()
    assert not (tmp_path / "outside.md").exists()
    assert work.run("docs", "check").code == 2
    for wrong in ("../elsewhere", "nothing", "modules/b/main.tf"):
        told = work.run("docs", "generate", wrong)
        assert (told.code, "hint:" in told.err) == (2, True), told.err


def test_hostile_names_of_folders_stay_in_their_place(tmp_path: Path) -> None:
    names = ["-x", "<b>a|b`", "one\n<!-- terrace:docs:begin -->", os.fsdecode(b"\xff"), "\u202eevil"]
    work = World(repository(tmp_path / "work", {f"modules/{name}/main.tf": OTHER for name in names}))
    assert len(work.ok("docs", "generate").out.splitlines()) == len(names)
    assert work.ok("docs", "check", "--json").json["modules"][0]["state"] == "current"
    titles = {(work.work / "modules" / name / "README.md").read_text().split("\n")[0] for name in names}
    assert "# &lt;b&gt;a&#124;b\\`" in titles
    assert "# one\\\\n&lt;!-- terrace&#58;docs:begin --&gt;" in titles


@pytest.mark.parametrize(("rules", "judged"), [("", ["thing"]), ("docs: {modules: all}\n", ["quiet", "thing"])])
def test_a_pull_request_is_told_of_pages_that_are_not_right(tmp_path: Path, rules: str, judged: list[str]) -> None:
    files = {
        **three_environments(),
        "terrace.yaml": LADDER + rules,
        "modules/thing/README.md": f"{BEGIN}\nold\n{END}\n",
        "modules/quiet/main.tf": OTHER,
        "modules/untouched/README.md": f"{BEGIN}\nold\n{END}\n",
        "modules/untouched/main.tf": OTHER,
    }
    shop = world(tmp_path, files)
    git(shop.work, "switch", "--quiet", "--create", "change")
    more = 'variable "other" {\n  default = 1\n}\n'
    commit(shop.work, {"modules/thing/main.tf": MODULE + more, "modules/quiet/main.tf": OTHER + "\n"}, "feat: it")
    found = [f for f in shop.ok("check", "--json").json["findings"] if f["rule"] == "docs"]
    assert [(f["file"], f["advisory"]) for f in found] == [(f"modules/{name}/README.md", True) for name in judged]
    assert found[-1]["line"] == 1
    assert "+| `other` | | `any` | `1` | no |" in found[-1]["detail"]
