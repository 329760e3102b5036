"""Impact of a change: a case for each kind of reason, and a property test against an independent implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.trees import change, inventory, why
from terrace.report.terminal.checks import impact_tree
from terrace.report.terminal.screen import plain_text

TF = 'resource "terraform_data" "x" {}\n'


def calls(*sources: str) -> str:
    return "".join(f'module "m{n}" {{\n  source = "{source}"\n}}\n' for n, source in enumerate(sources))


BASE = {
    "environments/dev/main.tf": calls("../../modules/app"),
    "environments/prod/main.tf": calls("../../modules/app"),
    "environments/alone/main.tf": TF,
    "modules/app/main.tf": calls("../net"),
    "modules/net/main.tf": TF,
    "README.md": "hello",
}


def test_an_impact_through_modules_has_the_chain_of_modules() -> None:
    assert why(change(BASE, {"modules/net/main.tf": TF + "#"})) == {
        "dev": ["module modules/net/main.tf modules/net modules/app environments/dev"],
        "prod": ["module modules/net/main.tf modules/net modules/app environments/prod"],
    }


def test_files_that_terraform_does_not_read_have_no_impact() -> None:
    assert why(change(BASE, {"README.md": "bye", "environments/dev/NOTES.md": "x", "modules/net/README.md": "x"})) == {}


def test_new_and_deleted_files_of_a_module_impact_its_stacks() -> None:
    assert set(why(change(BASE, {"modules/net/more.tf": TF}))) == {"dev", "prod"}
    with_more = {**BASE, "modules/net/more.tf": TF}
    assert set(why(change(with_more, {"modules/net/more.tf": None}))) == {"dev", "prod"}


def test_new_removed_and_renamed_stacks() -> None:
    found = change(BASE, {"environments/qa/main.tf": TF, "environments/alone/main.tf": None})
    assert why(found) == {"qa": ["new environments/qa"]}
    assert [stack.key for stack in found.removed] == ["alone"]


def test_a_stack_with_the_same_state_under_another_name_is_renamed() -> None:
    def text(key: str) -> str:
        return f'terraform {{\n  backend "s3" {{\n    bucket = "b"\n    key = "{key}"\n  }}\n}}\n'

    base = {"environments/dev/app/main.tf": text("k"), "environments/dev/two/main.tf": TF}
    found = change(base, {"environments/dev/app/main.tf": None, "environments/dev/new/main.tf": text("k")})
    assert [(one.old, one.new) for one in found.renamed] == [("dev/app", "dev/new")]
    assert "dev/app is renamed to dev/new, which has its state" in plain_text(impact_tree(found, why=False))
    other = change(base, {"environments/dev/app/main.tf": None, "environments/dev/new/main.tf": text("x")})
    assert other.renamed == ()
    assert "dev/app is removed" in plain_text(impact_tree(other, why=False))
    local = change(base, {"environments/dev/two/main.tf": None, "environments/dev/three/main.tf": TF})
    assert local.renamed == (), "Terrace keeps local states by name"
    elsewhere = change(base, {"environments/dev/app/main.tf": None, "environments/prod/app/main.tf": text("k")})
    assert elsewhere.renamed == (), "other gates hold there"


def test_a_renamed_module_impacts_its_callers() -> None:
    moved = {
        "modules/net/main.tf": None,
        "modules/network/main.tf": TF,
        "modules/app/main.tf": calls("../network"),
    }
    assert set(why(change(BASE, moved))) == {"dev", "prod"}


def test_a_removed_module_that_is_still_called_impacts_and_is_reported() -> None:
    found = change(BASE, {"modules/net/main.tf": None})
    assert set(why(found)) == {"dev", "prod"}
    assert any("no configuration at modules/net" in notice.message for notice in found.notices)


@pytest.mark.parametrize(
    ("expression", "path", "kind"),
    [
        ('file("${path.module}/a.txt")', "modules/net/a.txt", "read"),
        ('file("${path.root}/a.txt")', "environments/dev/a.txt", "read"),
        ('file("a.txt")', "environments/dev/a.txt", "read"),
        ('templatefile("${path.module}/../../templates/t.tpl", {})', "templates/t.tpl", "read"),
        ('filesha256("${path.module}/${local.name}")', "modules/net/named", "read"),
        ('fileset(path.module, "data/*.json")', "modules/net/data/x.json", "read"),
        ('fileset("${path.module}/data", "**")', "modules/net/data/deep/x", "read"),
        ('"${path.module}/lambda"', "modules/net/lambda/index.py", "read"),
        ('file("${path.module}/files/${var.which}")', "modules/net/files/x", "unsure"),
        ("file(var.anything)", "docs/anything.md", "unsure"),
    ],
)
def test_files_that_expressions_read(expression: str, path: str, kind: str) -> None:
    text = f'locals {{\n  name = "named"\n  x = {expression}\n}}\n'
    base = {**BASE, "modules/net/main.tf": text, path: "before"}
    found = why(change(base, {path: "after"}))
    assert "dev" in found
    assert found["dev"][0].startswith(f"{kind} {path} modules/net modules/app")


def test_a_path_relative_to_one_root_module_does_not_impact_another() -> None:
    base = {**BASE, "modules/net/main.tf": 'locals {\n  x = file("${path.root}/a.txt")\n}\n'}
    assert set(why(change(base, {"environments/dev/a.txt": "x"}))) == {"dev"}


def test_variables_and_lock_files() -> None:
    assert why(change(BASE, {"environments/dev/x.auto.tfvars": "a = 1"})) == {
        "dev": ["variables environments/dev/x.auto.tfvars environments/dev"]
    }
    assert why(change(BASE, {"environments/dev/.terraform.lock.hcl": "#"})) == {
        "dev": ["lock environments/dev/.terraform.lock.hcl environments/dev"]
    }
    yaml = "version: 1\nenvironments: {dev: {}, prod: {}, alone: {}}\n"
    stacks = "stacks: [{path: environments/dev, environment: dev, name: dev, var_files: [vars/dev.tfvars]}]\n"
    base = {**BASE, "terrace.yaml": yaml + stacks, "vars/dev.tfvars": "a = 1"}
    assert set(why(change(base, {"vars/dev.tfvars": "a = 2"}))) == {"dev"}


def test_terrace_yaml_impacts_the_stacks_whose_settings_change() -> None:
    yaml = "version: 1\nenvironments: {dev: {}, prod: {}, alone: {}}\n"
    stacks = "stacks: [{path: environments/dev, environment: dev, name: dev, backend_config: {key: x}}]\n"
    assert why(change({**BASE, "terrace.yaml": yaml}, {"terrace.yaml": yaml + stacks})) == {
        "dev": ["configuration terrace.yaml environments/dev"]
    }


def test_symbolic_links_are_followed_and_watched() -> None:
    base = {**BASE, "modules/linked": "-> net", "environments/dev/main.tf": calls("../../modules/linked")}
    assert set(why(change(base, {"modules/net/main.tf": TF + "#"}))) == {"dev", "prod"}
    found = why(change(base, {"modules/linked": "-> app"}))
    assert found["dev"][0].startswith("link modules/linked")
    shared = {**BASE, "shared.tf": TF, "environments/dev/shared.tf": "-> ../../shared.tf"}
    assert set(why(change(shared, {"shared.tf": TF + "#"}))) == {"dev"}


def test_json_tofu_and_override_files_are_read() -> None:
    base = {
        "environments/dev/main.tf.json": '{"module": {"m": {"source": "../../modules/a"}}}',
        "environments/qa/main.tofu": calls("../../modules/a"),
        "environments/prod/main.tf": TF,
        "environments/prod/main_override.tf": calls("../../modules/a"),
        "modules/a/main.tf": TF,
    }
    assert set(why(change(base, {"modules/a/main.tf": TF + "#"}))) == {"dev", "qa", "prod"}


def test_a_module_source_that_is_not_literal_makes_every_change_an_impact() -> None:
    base = {**BASE, "environments/alone/main.tf": 'module "m" {\n  source = var.which\n}\n'}
    found = change(base, {"README.md": "bye"})
    assert why(found) == {"alone": ["unsure README.md environments/alone"]}
    assert found.impacts[0].unsure
    assert any("not a literal" in notice.message for notice in found.notices)


def test_cycles_and_broken_files_are_reported_and_block_nothing_else() -> None:
    base = {
        **BASE,
        "modules/net/main.tf": calls("../app"),
        "modules/app/broken.tf": 'resource "x" {\n  a = \n',
    }
    found = change(base, {"modules/net/main.tf": calls("../app") + "#"})
    assert set(why(found)) == {"dev", "prod"}
    messages = [notice.message for notice in found.notices]
    assert any("form a cycle: modules/app → modules/net → modules/app" in m for m in messages)
    assert any("syntax error" in m for m in messages)


def test_the_init_key_changes_only_with_what_init_depends_on() -> None:
    def key(extra: dict[str, str]) -> str:
        found = inventory({**BASE, **extra})
        return found.graph.init_key(found.stack("dev"))

    assert key({}) == key({"modules/net/more.tf": TF, "modules/app/vars.tf": 'variable "a" {}\n'})
    backend = 'terraform {\n  backend "s3" {\n    key = "a"\n  }\n}\n'
    provider = 'terraform {\n  required_providers {\n    aws = {\n      version = "5"\n    }\n  }\n}\n'
    changed = [
        {"environments/dev/backend.tf": backend},
        {"modules/net/versions.tf": provider},
        {"modules/app/more.tf": 'module "r" {\n  source = "hashicorp/x/y"\n}\n'},
        {"environments/dev/.terraform.lock.hcl": "#"},
    ]
    assert len({key({}), *(key(extra) for extra in changed)}) == 5


# --- soundness ---------------------------------------------------------------------------------------------------

FOLDERS = ["environments/a", "environments/b", "modules/m0", "modules/m1", "modules/m2", "modules/m3"]


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, str]:
    files = {}
    for folder in FOLDERS:
        targets = draw(st.lists(st.sampled_from(FOLDERS[2:]), max_size=2, unique=True))
        reads = draw(st.lists(st.integers(0, 2), max_size=1))
        text = calls(*(f"../../{target}" for target in targets))
        text += "".join(f'locals {{\n  x{n} = file("${{path.module}}/../../data/{n}.txt")\n}}\n' for n in reads)
        files[f"{folder}/main.tf"] = text
    files.update({f"data/{n}.txt": "0" for n in range(3)})
    return files


def reached(files: dict[str, str], folder: str) -> set[str]:
    """An independent reading: every file that a stack reaches, by plain text search."""
    seen: set[str] = set()
    left = [folder]
    while left:
        here = left.pop()
        path = f"{here}/main.tf"
        if path in seen or path not in files:
            continue
        seen.add(path)
        left += [f for f in FOLDERS if f'"../../{f}"' in files[path]]
        seen |= {f"data/{n}.txt" for n in range(3) if f"data/{n}.txt" in files[path]}
    return seen


@given(repositories(), repositories(), st.data())
def test_every_stack_that_reaches_a_changed_file_is_impacted_and_no_other(
    before: dict[str, str], other: dict[str, str], data: st.DataObject
) -> None:
    swapped = data.draw(st.lists(st.sampled_from(sorted(before)), max_size=3))
    after = {**before, **{p: other[p] if p.endswith(".tf") else "1" for p in swapped}}
    found = set(why(change(before, dict(after))))
    changed = {p for p in after if after[p] != before[p]}
    expected = {
        name
        for name in "ab"
        if (reached(before, f"environments/{name}") | reached(after, f"environments/{name}")) & changed
    }
    assert found == expected
