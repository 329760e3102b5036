"""Impact through links, paths for providers and programs, module arguments, templates and submodules is complete."""

from __future__ import annotations

import pytest

from support.trees import change, why

TF = 'resource "terraform_data" "x" {}\n'
QA = {"environments/qa/main.tf": TF}


def calls(source: str, **arguments: str) -> str:
    given = "".join(f"  {name} = {value}\n" for name, value in arguments.items())
    return f'module "m" {{\n  source = "{source}"\n{given}}}\n'


def local_exec(arguments: str) -> str:
    return f'resource "a" "b" {{\n  provisioner "local-exec" {{\n{arguments}\n  }}\n}}\n'


def touched(files: dict[str, str], edit: dict[str, str | None]) -> dict[str, list[str]]:
    return why(change({**QA, **files}, edit))


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"environments/dev/terraform.tfvars": "-> ../../vars/all.tfvars"}, "vars/all.tfvars"),
        (
            {
                "environments/dev/x.txt": "-> ../../shared/x.txt",
                "environments/dev/f.tf": 'locals { a = file("x.txt") }',
            },
            "shared/x.txt",
        ),
        (
            {
                "environments/dev/files": "-> ../../shared",
                "environments/dev/f.tf": 'locals { a = file("${path.module}/files/deep/x") }',
            },
            "shared/deep/x",
        ),
        (
            {
                "environments/dev/one": "-> ../../two",
                "two": "-> three",
                "environments/dev/f.tf": 'locals { a = fileset("one", "*.json") }',
            },
            "three/x.json",
        ),
        ({"environments/dev/data": "-> ../../shared"}, "shared/unread.bin"),
        ({"environments/dev/main.tf": calls("../../linked/m"), "linked": "-> modules"}, "modules/m/main.tf"),
        (
            {
                "environments/dev/main.tf": calls("../../modules/m"),
                "modules/m/main.tf": TF,
                "modules/m/x": "-> ../../x",
            },
            "x",
        ),
        ({"loop": "-> .", "environments/dev/f.tf": 'locals { a = file("../../loop/loop/x.txt") }'}, "x.txt"),
    ],
)
def test_files_behind_a_link_count_where_the_link_is(files: dict[str, str], path: str) -> None:
    base = {"environments/dev/main.tf": TF, **files, path: "before"}
    assert set(touched(base, {path: "after"})) == {"dev"}


@pytest.mark.parametrize(
    ("files", "link", "target"),
    [
        ({"environments/dev/f.tf": 'locals { a = file("data/x.txt") }'}, "environments/dev/data", "../../other"),
        (
            {"environments/dev/f.tf": 'locals { a = fileset("data", "*/*.txt") }'},
            "environments/dev/data/sub",
            "../../../other",
        ),
        ({"environments/dev/f.tf": calls("../../hop/m")}, "hop", "other"),
        (
            {"environments/dev/one": "-> ../../two", "environments/dev/f.tf": 'locals { a = file("one/x") }'},
            "two",
            "other",
        ),
        ({}, "environments/dev/terraform.tfvars", "../../other.tfvars"),
    ],
)
def test_a_retargeted_link_changes_the_files_behind_it(files: dict[str, str], link: str, target: str) -> None:
    base = {"environments/dev/main.tf": TF, "start/x.txt": "1", "other/x.txt": "2", **files, link: "-> start"}
    assert set(touched(base, {link: f"-> {target}"})) == {"dev"}


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ('data "archive_file" "a" {\n  type = "zip"\n  source_file = "lambda.py"\n}', "environments/dev/lambda.py"),
        ('data "archive_file" "a" {\n  source_dir = "../../src/fn"\n}', "src/fn/deep/index.js"),
        ('resource "aws_s3_object" "o" {\n  source = "../../pages/index.md"\n}', "pages/index.md"),
        ('data "external" "e" {\n  program = ["python3", "../../scripts/x.py"]\n}', "scripts/x.py"),
        (
            'resource "a" "b" {\n  provisioner "remote-exec" {\n    scripts = ["../../scripts/a.sh"]\n  }\n}',
            "scripts/a.sh",
        ),
        (
            local_exec('working_dir = "../../scripts"\ncommand = "./x"'),
            "scripts/lib.sh",
        ),
        (
            'resource "a" "b" {\n  provisioner "local-exec" {\n    command = "bash ../../scripts/x.sh --all"\n  }\n}',
            "scripts/x.sh",
        ),
        (
            local_exec("command = <<EOT\ncd ../../scripts\n./x.sh\nEOT"),
            "scripts/x.sh",
        ),
        (
            'resource "a" "b" {\n  provisioner "local-exec" {\n    command = "curl -d @../../api/body.json x"\n  }\n}',
            "api/body.json",
        ),
        (
            'resource "a" "b" {\n  provisioner "local-exec" {\n    command = "x --file=../../api/body.json"\n  }\n}',
            "api/body.json",
        ),
        ('resource "a" "b" {\n  for_each = { "../../pages/a.html" = 1 }\n  source = each.key\n}', "pages/a.html"),
        (
            'resource "a" "b" {\n  source = "${var.where}/a.html"\n}\nvariable "where" {\n  default = "../../pages"\n}',
            "pages/a.html",
        ),
        ('resource "a" "b" {\n  source = "${data.x.y.z}/a.html"\n}', "pages/a.html"),
        ('resource "a" "b" {\n  source = "../../pages/${each.key}.md"\n}', "pages/a.md"),
        ('resource "a" "b" {\n  source = format("%s/a.html", "../../pages")\n}', "pages/a.html"),
        ('resource "a" "b" {\n  source = join("/", ["..", "..", "pages", "a.html"])\n}', "pages/a.html"),
        ('resource "a" "b" {\n  source = "../.."\n}', "anything/at/all.md"),
        ('locals {\n  a = provider::x::read("../../pages/a.html")\n}', "pages/a.html"),
    ],
)
def test_paths_for_providers_and_programs_are_reads(block: str, path: str) -> None:
    base = {"environments/dev/main.tf": block, path: "before"}
    assert set(touched(base, {path: "after"})) == {"dev"}
    assert set(touched(base, {path: None})) == {"dev"}
    assert set(touched({"environments/dev/main.tf": block}, {path: "new"})) == {"dev"}


def test_a_script_possibly_reads_files_in_its_folder() -> None:
    base = {
        "environments/dev/main.tf": local_exec('command = "sh ../../scripts/run.sh"'),
        "environments/stage/main.tf": 'data "external" "x" {\n  program = ["${path.module}/../../tool.py"]\n}\n',
    }
    assert touched(base, {"scripts/lib.sh": "1"})["dev"] == ["unsure scripts/lib.sh environments/dev"]
    assert set(touched(base, {"scripts/deep/data.json": "1"})) == {"dev"}
    assert touched(base, {"scripts/README.md": "1", "script/x": "1"}) == {}
    assert set(touched(base, {"helper.py": "1"})) == {"stage"}


def test_each_stack_of_a_module_reads_the_files_of_its_template() -> None:
    base = {
        "environments/dev/main.tf": calls("../../modules/m"),
        "environments/prod/main.tf": calls("../../modules/m"),
        "modules/m/main.tf": 'locals {\n  a = templatefile("${path.module}/t.tpl", {})\n}\n',
        "modules/m/t.tpl": '${file("../../pages/a.html")}',
    }
    assert set(touched(base, {"pages/a.html": "1"})) == {"dev", "prod"}


def test_variable_files_can_name_paths() -> None:
    base = {
        "environments/dev/main.tf": calls("../../modules/m", files="var.files"),
        "environments/dev/terraform.tfvars": 'files = { a = "../../pages/a.html" }\n',
        "environments/dev/x.auto.tfvars.json": '{"more": ["../../pages/b.html"]}',
        "modules/m/main.tf": 'resource "a" "b" {\n  for_each = var.files\n  source = each.value\n}\n',
        "pages/a.html": "1",
        "pages/b.html": "1",
    }
    assert touched(base, {"pages/a.html": "2"})["dev"] == ["read pages/a.html environments/dev"]
    assert set(touched(base, {"pages/b.html": "2"})) == {"dev"}


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("environments/dev/anything.bin", True),
        ("environments/dev/sub/anything.bin", True),
        ("environments/dev/Makefile", True),
        ("modules/m/files/x", True),
        ("modules/m/.hidden", True),
        ("environments/dev/README.md", False),
        ("environments/dev/docs/more.md", False),
        ("environments/dev/README", False),
        ("modules/m/LICENSE", False),
        ("modules/m/tests/a.tftest.hcl", False),
        ("modules/m/a.tftest.hcl", False),
        ("modules/m/tests/fixture/data.json", False),
        ("modules/m/examples/basic/main.tf", False),
        ("modules/m/terraform.tfvars", False),
        ("modules/m/.terraform.lock.hcl", False),
        ("environments/dev/prod.tfvars", False),
        ("environments/dev/.gitignore", False),
        ("environments/dev/README.md.tpl", True),
        ("environments/dev/contests/x", True),
        ("modules/other/x", False),
        ("environments/x", False),
    ],
)
def test_any_file_in_a_stack_or_module_folder_counts_unless_inert(path: str, counts: bool) -> None:
    base = {
        "environments/dev/main.tf": calls("../../modules/m"),
        "modules/m/main.tf": TF,
        "modules/m/examples/basic/main.tf": TF,
        "modules/other/main.tf": TF,
    }
    assert set(touched(base, {path: "x"})) == ({"dev"} if counts else set())


def test_an_inert_file_counts_if_an_expression_reads_it() -> None:
    base = {"environments/dev/main.tf": 'data "archive_file" "a" {\n  source_dir = path.module\n}\n'}
    found = touched(base, {"environments/dev/README.md": "x"})
    assert not found
    base = {"environments/dev/main.tf": 'locals {\n  a = fileset(path.module, "**")\n}\n'}
    assert touched(base, {"environments/dev/README.md": "x"})["dev"] == [
        "read environments/dev/README.md environments/dev"
    ]


@pytest.mark.parametrize(
    "expression",
    [
        '${file(\\"../../pages/a.html\\")}',
        '${filemd5(\\"${path.module}/../../pages/a.html\\")}',
        'x ${templatefile(\\"../../pages/${\\"a\\"}.html\\", {})} y',
        '%{ if true }${file(\\"../../pages/a.html\\")}%{ endif }',
        "../../pages/a.html",
    ],
)
def test_json_reads_with_quoted_text(expression: str) -> None:
    base = {"environments/dev/main.tf.json": '{"locals": {"a": "' + expression + '"}}', "pages/a.html": "1"}
    assert set(touched(base, {"pages/a.html": "2"})) == {"dev"}


def test_an_unreadable_expression_possibly_reads_any_file() -> None:
    base = {"environments/dev/main.tf.json": '{"locals": {"a": "${file(\\"x"}}'}
    assert set(touched(base, {"docs/a": "2"})) == {"dev"}
    assert set(touched({"environments/dev/main.tf": "locals {\n  a = ) file(\n"}, {"docs/a": "2"})) == {"dev"}


def test_a_path_from_module_arguments_is_resolved() -> None:
    base = {
        "environments/dev/main.tf": calls("../../modules/m", what='"${path.module}/../../pages/a.html"'),
        "environments/stage/main.tf": calls("../../modules/outer", name="local.name") + 'locals {\n  name = "b"\n}\n',
        "environments/prod/main.tf": calls("../../modules/m", what="var.page") + 'variable "page" {}\n',
        "environments/prod/terraform.tfvars": 'page = "../../pages/c.html"\n',
        "modules/outer/main.tf": calls("../m", what='"../../pages/${var.name}.html"'),
        "modules/m/main.tf": "locals {\n  a = file(var.what)\n}\n",
        **{f"pages/{name}.html": "1" for name in "abcd"},
    }
    assert set(touched(base, {"pages/a.html": "2"})) == {"dev"}
    assert set(touched(base, {"pages/b.html": "2"})) == {"stage"}
    assert set(touched(base, {"pages/c.html": "2"})) == {"prod"}
    assert touched(base, {"pages/d.html": "2", "README.md": "x"}) == {}


def test_a_path_without_literal_values_impacts_all_and_names_the_expression() -> None:
    base = {
        "environments/dev/main.tf": calls("../../modules/m", what="data.x.y.z"),
        "modules/m/main.tf": "locals {\n\n  a = file(var.what)\n}\n",
    }
    found = change({**QA, **base}, {"README.md": "x"})
    (reason,) = found.impacts[0].reasons
    assert (reason.kind, reason.place, reason.text) == ("unsure", "modules/m/main.tf:3", "file(var.what)")
    (notice,) = found.notices
    assert (notice.path, notice.line) == ("modules/m/main.tf", 3)
    assert "1 stack counts as impacted: file(var.what)" in notice.message


def test_both_results_of_a_condition_are_read_and_nothing_else() -> None:
    text = 'locals {\n  a = file(var.x ? "../../pages/a" : try("../../pages/b", "../../pages/c"))\n}\n'
    base = {"environments/dev/main.tf": text}
    for name, counts in {"a": True, "b": True, "c": True, "d": False}.items():
        assert bool(touched(base, {f"pages/{name}": "1"})) is counts


def test_files_that_a_template_reads_impact_the_stack() -> None:
    base = {
        "environments/dev/main.tf": 'locals {\n  a = templatefile("${path.module}/t.tpl", {})\n}\n',
        "environments/dev/t.tpl": 'hello ${file("../../pages/a.html")}\n',
        "pages/a.html": "1",
    }
    assert touched(base, {"pages/a.html": "2"})["dev"] == ["read pages/a.html environments/dev"]


def test_a_changed_mode_counts_as_a_change() -> None:
    base = {"environments/dev/main.tf": 'data "external" "e" {\n  program = ["../../scripts/x"]\n}\n', "scripts/x": "1"}
    assert set(touched(base, {"scripts/x": "+x 1"})) == {"dev"}


def test_a_changed_submodule_impacts_calls_and_reads_below_it() -> None:
    base = {
        "environments/dev/main.tf": calls("../../vendor/net/modules/a"),
        "environments/prod/main.tf": 'locals {\n  a = file("../../vendor/net/x.txt")\n}\n',
        "environments/stage/main.tf": 'resource "a" "b" {\n  source = "../../vendor/net/scripts/run.sh"\n}\n',
        "vendor/net": "@ 1",
        "vendor/other": "@ 1",
    }
    assert set(touched(base, {"vendor/net": "@ 2"})) == {"dev", "prod", "stage"}
    assert touched(base, {"vendor/other": "@ 2"}) == {}


def test_a_terraform_version_file_impacts_the_stacks_below_it() -> None:
    base = {"environments/dev/main.tf": TF}
    assert set(touched(base, {".terraform-version": "1.9.0"})) == {"dev", "qa"}
    assert touched(base, {"environments/dev/.terraform-version": "1"}) == {
        "dev": ["version environments/dev/.terraform-version environments/dev"]
    }
    assert touched(base, {"modules/m/.terraform-version": "1"}) == {}


def test_stacks_of_one_folder_differ_by_their_variable_files() -> None:
    yaml = "version: 1\nenvironments: {dev: {}, prod: {}}\nstacks:\n" + "".join(
        f"  - {{path: root, environment: {name}, name: {name}, var_files: [root/{name}.tfvars]}}\n"
        for name in ("dev", "prod")
    )
    base = {
        "terrace.yaml": yaml,
        "root/main.tf": 'variable "page" {}\nlocals {\n  a = file(var.page)\n}\n',
        "root/dev.tfvars": 'page = "../pages/dev.html"\n',
        "root/prod.tfvars": 'page = "../pages/prod.html"\n',
        "pages/dev.html": "1",
    }
    assert set(why(change(base, {"root/dev.tfvars": "page = 1"}))) == {"dev"}
    assert set(why(change(base, {"pages/dev.html": "2"}))) == {"dev"}
    assert set(why(change(base, {"pages/prod.html": "2"}))) == {"prod"}


def test_a_renamed_file_is_checked_by_both_names() -> None:
    base = {"environments/dev/main.tf": 'locals {\n  a = file("../../pages/a")\n}\n', "pages/a": "1"}
    assert set(touched(base, {"pages/a": None, "pages/b": "1"})) == {"dev"}
    new = {"environments/dev/main.tf": 'locals {\n  a = fileexists("../../pages/b")\n}\n', "pages/a": "1"}
    assert set(touched(new, {"pages/a": None, "pages/b": "1"})) == {"dev"}


READS_A_VARIABLE = {
    "root/main.tf": 'variable "page" {\n  default = "one.txt"\n}\nlocals {\n  a = file("../pages/${var.page}")\n}\n',
}


@pytest.mark.parametrize(
    ("given", "one", "two"),
    [
        ("", True, False),
        ("env: [TF_VAR_page]", True, True),
        ("env: [TF_VAR_other]", True, False),
        ("credentials: {plan: {TF_VAR_page: 'env:PAGE'}}", True, True),
        ("credentials: {plan: {TF_VAR_page: two.txt}, apply: {TF_VAR_page: two.txt}}", False, True),
        ("credentials: {apply: {TF_VAR_page: two.txt}}", True, True),
    ],
)
def test_variables_from_the_environment_are_resolved(given: str, one: bool, two: bool) -> None:
    rules = f"version: 1\nenvironments: {{p: {{{given}}}}}\nstacks: [{{path: root, environment: p, name: root}}]\n"
    files = {**READS_A_VARIABLE, "terrace.yaml": rules, "pages/one.txt": "", "pages/two.txt": ""}
    assert ("p/root" in why(change(files, {"pages/one.txt": "x"}))) is one
    assert ("p/root" in why(change(files, {"pages/two.txt": "x"}))) is two
    fixed = {**files, "root/terraform.tfvars": 'page = "one.txt"\n'}
    assert "p/root" not in why(change(fixed, {"pages/two.txt": "x"})), "a file of variables counts more"
