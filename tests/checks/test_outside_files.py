"""Configuration that reads the machine it is planned on is found, however the path is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Status
from terrace.checks.outside_files import find_leaving_links, find_lfs_paths, find_lfs_pointers, find_outside_reads
from terrace.hcl.facts_store import NoStore
from terrace.hcl.layout import Layout
from terrace.hcl.tree import Entry
from terrace.stacks.graph import Graph
from terrace.stacks.model import Stack


class Files:
    """A tree from a dict; a value that begins with `->` is a link."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    @property
    def entries(self) -> dict[str, Entry]:
        return {p: Entry(t, "120000" if t.startswith("->") else "100644") for p, t in self._files.items()}

    def read(self, path: str) -> bytes:
        return self._files[path].removeprefix("->").encode()


STACK = Stack("dev", "environments/dev", "app")


def told(files: dict[str, str], changed: set[str] | None = None) -> list[tuple[str, int, str, bool]]:
    tree = Files(files)
    graph = Graph.of(tree, (STACK,), NoStore())
    found = find_outside_reads(graph, Layout(tree), (STACK,), frozenset(files if changed is None else changed))
    return [(f.path or "", f.line, f.status.value, f.advisory) for f in found]


def status(expression: str, more: dict[str, str] | None = None, name: str = "main.tf") -> str:
    """How one expression in the stack is told; "" when it is not."""
    text = f'output "x" {{\n  value = {expression}\n}}\n'
    found = told({f"environments/dev/{name}": text, "environments/dev/a.txt": "", "common/a.txt": "", **(more or {})})
    return found[0][2] if found else ""


@pytest.mark.parametrize(
    "expression",
    [
        'filebase64("/proc/self/environ")',
        'fileset("/proc", "[0-9]*/comm")',
        '[for p in fileset("/proc", "*/comm") : filebase64("/proc/${dirname(p)}/environ")]',
        'file("~/.aws/credentials")',
        'file("/etc/hostname")',
        'core::file("/etc/hostname")',
        'core::fileset("/proc", "*/comm")',
        'fileexists("/dev/sda")',
        'filemd5("/sys/class/dmi/id/product_uuid")',
        'templatefile("/etc/passwd", {})',
        'file("../../../secret")',
        'file("${path.module}/../../../secret")',
        'file("${path.root}/../../../secret")',
        'file("${path.cwd}/../../../secret")',
        'file("\\u002fproc/self/environ")',
        'file("\\U0000002fproc/self/environ")',
        'file("../../../${var.name}")',
        'file("/${var.name}")',
        'fileset(".", "../../../*")',
        'fileset(path.module, "{a,../../../b}")',
        'fileset("../../..", "*")',
        "file(local.hidden)",
        'file("${local.slash}proc/self/environ")',
        '"${file("/etc/passwd")}"',
        'base64encode(join("", [for x in [1] : file("/etc/passwd")]))',
        'file("/etc/passwd\n")',
        'file(format("%sproc", "/"))',
        'file(join("/", ["", "proc", "self", "environ"]))',
    ],
)
def test_a_read_from_the_machine_blocks_the_change(expression: str) -> None:
    more = {"environments/dev/locals.tf": 'locals {\n  hidden = "/etc/passwd"\n  slash = "/"\n}\nvariable "name" {}\n'}
    assert status(expression, more) == "fail"


@pytest.mark.parametrize(
    "expression",
    [
        'file("a.txt")',
        'file("./a.txt")',
        'file("${path.module}/a.txt")',
        'file("../../common/a.txt")',
        'fileset(path.module, "**/*.txt")',
        'file("${path.root}/../../common/a.txt")',
        '"/proc/self/environ"',
        'cidrsubnet("10.0.0.0/8", 8, 1)',
        'templatefile("${path.module}/a.txt", { p = "/etc/passwd" })',
    ],
)
def test_a_read_from_the_repository_has_no_finding(expression: str) -> None:
    assert status(expression) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "file(var.name)",
        'file("${path.module}/${var.name}")',
        'file(pathexpand("~/.ssh/id_rsa"))',
        'fileset(".", var.name)',
        "file(data.external.x.result.path)",
        'file(format("%dproc", 1))',
        'file(join("/", [for x in [1] : "proc"]))',
        "file(<<EOT\n/etc/passwd\nEOT\n)",
    ],
)
def test_an_unknown_path_is_reported_and_does_not_block(expression: str) -> None:
    more = {"environments/dev/variables.tf": 'variable "name" {}\n'}
    assert status(expression, more) == "unknown"


def test_json_syntax_is_read_too() -> None:
    text = '{"output": {"x": {"value": "${file(\\"/proc/self/environ\\")}"}}}'
    assert told({"environments/dev/main.tf.json": text})[0][2] == "fail"


MODULE = 'variable "path" {}\noutput "x" {\n  value = file(var.path)\n}\n'


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ('"/proc/self/environ"', "fail"),
        ('"${path.module}/../../../secret"', "fail"),
        ('"${path.module}/a.txt"', ""),
        ("local.far", "fail"),
        ("var.given", "unknown"),
    ],
)
def test_what_a_caller_gives_to_a_module_is_followed(argument: str, expected: str) -> None:
    call = f'module "m" {{\n  source = "../../modules/m"\n  path = {argument}\n}}\n'
    rest = 'locals {\n  far = "~/x"\n}\nvariable "given" {}\n'
    found = told({"environments/dev/main.tf": call + rest, "modules/m/main.tf": MODULE, "environments/dev/a.txt": ""})
    assert [f[2] for f in found] == ([expected] if expected else [])


def test_a_read_in_an_unchanged_file_is_reported_and_does_not_block() -> None:
    files = {"environments/dev/main.tf": 'output "x" {\n  value = file("/etc/hostname")\n}\n'}
    assert told(files) == [("environments/dev/main.tf", 2, "fail", False)]
    assert told(files, set()) == [("environments/dev/main.tf", 2, "fail", True)]


def test_a_link_that_leads_out_is_found_where_it_is_read_and_where_it_is() -> None:
    files = {
        "environments/dev/main.tf": 'output "x" {\n  value = file("link")\n}\noutput "y" {\n  value = file("ok")\n}\n',
        "environments/dev/link": "->/etc/passwd",
        "environments/dev/ok": "->../../common/a.txt",
        "environments/dev/up": "->../../..",
        "other/link": "->/etc/passwd",
        "common/a.txt": "",
    }
    assert told(files) == [("environments/dev/main.tf", 2, "fail", False)]
    layout = Layout(Files(files))
    links = find_leaving_links(
        layout, frozenset({"environments/dev"}), frozenset({"other/link", "environments/dev/up"})
    )
    assert [(f.path, f.advisory, f.status) for f in links] == [
        ("environments/dev/link", True, Status.FAIL),
        ("environments/dev/up", False, Status.FAIL),
        ("other/link", False, Status.FAIL),
    ]


def test_locals_and_modules_that_go_in_circles_end() -> None:
    text = 'locals {\n  a = "${local.b}x"\n  b = "${local.a}${local.a}"\n}\noutput "x" {\n  value = file(local.a)\n}\n'
    assert [f[2] for f in told({"environments/dev/main.tf": text})] == ["unknown"]


@given(st.text(st.sampled_from("/.~ab*"), max_size=14))
def test_every_path_outside_the_repository_is_found(path: str) -> None:
    import posixpath

    found = status(f'file("{path}")')
    real = posixpath.normpath(posixpath.join("/repo/environments/dev", path))
    outside = path.startswith("~") or not (real == "/repo" or real.startswith("/repo/"))
    assert (found == "fail") == outside


def test_a_file_that_git_lfs_keeps_is_found_by_its_pointer() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n"
    attributes = {
        ".gitattributes": b"*.zip filter=lfs diff=lfs merge=lfs -text\n*.txt text\n",
        "a/.gitattributes": b"x.* filter=lfs\n",
    }
    paths = ("a/code.zip", "a/x.bin", "b/x.bin", "b/notes.txt", "code.zip")
    assert find_lfs_paths(attributes, paths) == ("a/code.zip", "a/x.bin", "code.zip")
    found = find_lfs_pointers({"a/code.zip": pointer, "a/x.bin": b"PK"})
    assert [(f.path, f.status, f.advisory) for f in found] == [("a/code.zip", Status.FAIL, False)]


def test_a_template_that_reads_from_the_machine_is_reported_at_its_own_place() -> None:
    main = 'output "x" {\n  value = templatefile("${path.module}/x.tpl", {})\n}\n'
    template = 'name = a\nhost = ${file("/etc/hostname")}\n'
    files = {"environments/dev/main.tf": main, "environments/dev/x.tpl": template}
    assert told(files) == [("environments/dev/x.tpl", 2, "fail", False)]
    assert told(files, {"environments/dev/x.tpl"}) == [("environments/dev/x.tpl", 2, "fail", False)]
    assert told({**files, "environments/dev/x.tpl": 'host = "${file}" $${file("/etc/hostname")}\n'}) == []


@pytest.mark.parametrize("source", ["/srv/modules/m", "~/m", "file:///srv/m", "git::file:///srv/m", "git::/srv/m"])
def test_a_module_of_the_machine_that_plans_is_found(source: str) -> None:
    files = {"environments/dev/main.tf": f'module "m" {{\n  source = "{source}"\n}}\n'}
    assert told(files) == [("environments/dev/main.tf", 1, "fail", False)]


def test_a_state_file_of_the_machine_that_plans_is_found() -> None:
    config = 'backend = "local"\n  config = {\n    path = "/srv/prod.tfstate"\n  }'
    text = f'data "terraform_remote_state" "p" {{\n  {config}\n}}\n'
    assert told({"environments/dev/main.tf": text}) == [("environments/dev/main.tf", 1, "fail", False)]
