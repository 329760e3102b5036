"""`terrace check --fix`: what is sure is written, all else is left alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from support.cli import MODULE, World, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow

CROOKED = 'variable "other" {\ndefault   =   1\n}\n'
STRAIGHT = 'variable "other" {\n  default = 1\n}\n'
README = "# Thing\r\n\r\n<!-- BEGIN_TF_DOCS -->\r\nold\r\n<!-- END_TF_DOCS -->\r\n\r\nThe end"


@pytest.fixture
def shop(tmp_path: Path) -> World:
    """A repository with a crooked file and a page that nobody touched lately."""
    files = {
        **three_environments(),
        "modules/thing/README.md": README.replace("\r", ""),
        "modules/still/main.tf": CROOKED,
        "modules/still/README.md": README.replace("\r", ""),
    }
    shop = world(tmp_path, files)
    git(shop.work, "switch", "--quiet", "--create", "change")
    return shop


def test_check_fix_writes_formatting_and_module_docs_and_then_checks(shop: World) -> None:
    readme = shop.work / "modules/thing/README.md"
    commit(shop.work, {"modules/thing/main.tf": MODULE + CROOKED}, "feat: more")
    readme.write_bytes(README.encode())
    (shop.work / "modules/thing/main.tf").chmod(0o755)
    before = shop.run("check", "--json")
    assert {f["rule"] for f in before.json["findings"]} >= {"format", "docs"}

    done = shop.run("check", "--fix", "--json")
    assert done.code == 0, done.out + done.err
    assert "wrote modules/thing/main.tf (formatting)\nwrote modules/thing/README.md (module docs)\n" in done.err
    assert not {"format", "docs"} & {f["rule"] for f in done.json["findings"]}
    assert (shop.work / "modules/thing/main.tf").read_text() == MODULE + STRAIGHT
    assert stat.S_IMODE((shop.work / "modules/thing/main.tf").stat().st_mode) == 0o755
    start, end = README.encode().split(b"old\r\n")
    assert readme.read_bytes().startswith(start)
    assert readme.read_bytes().endswith(end)
    assert (shop.work / "modules/still/main.tf").read_text() == CROOKED
    assert git(shop.work, "status", "--short").split() == ["M", "modules/thing/README.md", "M", "modules/thing/main.tf"]
    again = shop.run("check", "--fix")
    assert "nothing to fix" in again.err


def test_links_conflicts_and_syntax_errors_are_left_alone(shop: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.tf"
    outside.write_text(CROOKED)
    (shop.work / "modules/thing/linked.tf").symlink_to(outside)
    commit(shop.work, {"modules/thing/broken.tf": "variable {{{\n"}, "feat: broken")
    done = shop.run("check", "--fix", "--json")
    assert done.code != 0
    assert outside.read_text() == CROOKED
    assert (shop.work / "modules/thing/broken.tf").read_text() == "variable {{{\n"
    assert (shop.work / "modules/thing/README.md").read_text() == README.replace("\r", "")
    assert "not changed: modules/thing/broken.tf" in done.err
    assert "not changed: modules/thing/linked.tf: a symbolic link is on the way to it" in done.err

    git(shop.work, "reset", "--quiet", "--hard", "main")
    commit(shop.work, {"modules/still/main.tf": CROOKED + "# mine\n"}, "feat: mine")
    git(shop.work, "switch", "--quiet", "--create", "other", "main")
    commit(shop.work, {"modules/still/main.tf": CROOKED + "# theirs\n"}, "feat: theirs")
    with pytest.raises(AssertionError):
        git(shop.work, "merge", "--quiet", "change")
    torn = (shop.work / "modules/still/main.tf").read_text()
    done = shop.run("check", "--fix", "--json")
    assert "not changed: modules/still/main.tf: it has merge conflicts" in done.err
    assert (shop.work / "modules/still/main.tf").read_text() == torn
