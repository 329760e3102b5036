"""Generated repositories in ten layouts, of which a real Terraform tells what each stack opens; and random edits."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Files = dict[str, str]
"""Paths to texts; a text that begins with `-> ` is a symbolic link."""


@dataclass
class Layout:
    """A repository: its files, and for each stack its folder and the files of variables that it is given."""

    name: str
    files: Files = field(default_factory=dict)
    stacks: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A hash of all files: what was traced is of exactly these."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:16]


def up(folder: str) -> str:
    """The way from a folder to the root of the repository."""
    return "../" * len([part for part in folder.split("/") if part])


class _Maker:
    """Fills one layout."""

    def __init__(self, name: str, seed: int) -> None:
        self.made = Layout(name)
        self.chance = random.Random(f"{name} {seed}")
        self.put("README.md", "hello\n")
        self.put(".gitignore", ".terraform\n")
        self.put("docs/guide.md", "guide\n")
        self.put("docs/picture.txt", "picture\n")
        for number in range(6):
            self.put(f"shared/text{number}.txt", f"text {number}\n")
        self.put("shared/deep/inner.txt", "inner\n")
        self.put("scripts/run.sh", 'cat "$(dirname "$0")/lib.sh"\n')
        self.put("scripts/lib.sh", "echo lib\n")
        self.put("scripts/other/tool.sh", "echo tool\n")

    def put(self, path: str, text: str) -> None:
        self.made.files[path] = text

    def modules(self, home: str) -> None:
        """Modules that read files in every way, and one that nothing calls."""
        self.put(
            f"{home}/leaf/main.tf",
            'variable "what" {\n  default = null\n}\nlocals {\n  own = file("${path.module}/files/own.txt")\n'
            "  given = var.what == null ? null : file(var.what)\n}\n"
            'resource "terraform_data" "leaf" {\n  input = [local.own, local.given]\n}\n',
        )
        self.put(f"{home}/leaf/files/own.txt", "own\n")
        self.put(f"{home}/leaf/files/unread.txt", "unread\n")
        self.put(f"{home}/leaf/README.md", "leaf\n")
        self.put(f"{home}/leaf/tests/leaf.tftest.hcl", 'run "x" {\n  command = plan\n}\n')
        self.put(f"{home}/leaf/examples/basic/main.tf", 'module "leaf" {\n  source = "../.."\n}\n')
        self.put(
            f"{home}/middle/main.tf",
            'module "leaf" {\n  source = "../leaf"\n  what = "${path.module}/page.html"\n}\n'
            'resource "terraform_data" "t" {\n  input = templatefile("${path.module}/t.tftpl", { x = 1 })\n}\n',
        )
        self.put(f"{home}/middle/page.html", "page\n")
        self.put(f"{home}/middle/t.tftpl", "value ${x}\n")
        self.put(
            f"{home}/lists/main.tf",
            'resource "terraform_data" "all" {\n  for_each = fileset("${path.module}/data", "**/*.json")\n'
            '  input    = jsondecode(file("${path.module}/data/${each.value}"))\n}\n',
        )
        self.put(f"{home}/lists/data/a.json", "{}\n")
        self.put(f"{home}/lists/data/deep/b.json", "{}\n")
        self.put(f"{home}/lists/data/notes.txt", "x\n")
        self.put(f"{home}/unused/main.tf", 'resource "terraform_data" "unused" {}\n')
        self.put(f"{home}/unused/x.txt", "x\n")

    def stack(
        self, key: str, folder: str, home: str, *, var_files: tuple[str, ...] = (), as_json: bool = False
    ) -> None:
        """A stack with some of all that a configuration can read."""
        self.made.stacks[key] = (folder, var_files)
        if f"{folder}/main.tf".lstrip("/") in self.made.files:
            return
        prefix = f"{folder}/" if folder else ""
        root = up(folder)
        to = f"{root}{home}" if root else f"./{home}"
        body: list[str] = ['variable "page" {}\nresource "terraform_data" "page" {\n  input = file(var.page)\n}\n']
        page = f"{root or './'}shared/text{self.chance.randrange(6)}.txt"
        if not var_files:
            self.put(f"{prefix}terraform.tfvars", f'page = "{page}"\n')
        for module in self.chance.sample(["leaf", "middle", "lists"], self.chance.randrange(1, 4)):
            argument = f'  what = "${{path.module}}/{root}shared/text{self.chance.randrange(6)}.txt"\n'
            body.append(f'module "{module}" {{\n  source = "{to}/{module}"\n{argument if module == "leaf" else ""}}}\n')
        for part in self.chance.sample(_PARTS, 3):
            part(self, prefix, root, body)
        self.put(f"{prefix}README.md", "stack\n")
        self.put(f"{prefix}notes.txt", "notes\n")
        if as_json:
            number = self.chance.randrange(6)
            quoted = json.dumps({"input": f'${{file("{root}shared/text{number}.txt")}} and "more"'})
            self.put(f"{prefix}more.tf.json", f'{{"resource": {{"terraform_data": {{"json": {quoted}}}}}}}\n')
        self.put(f"{prefix}main.tf", "\n".join(body))


def _text(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    number = maker.chance.randrange(6)
    body.append(
        f'locals {{\n  text = file("{root}shared/text{number}.txt")\n}}\noutput "text" {{\n  value = local.text\n}}\n'
    )


def _template(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    maker.put(f"{prefix}tpl/hello.tftpl", f'hello ${{name}} ${{file("{root}shared/deep/inner.txt")}}\n')
    body.append(
        'resource "terraform_data" "hello" {\n'
        '  input = templatefile("${path.module}/tpl/hello.tftpl", { name = "x" })\n}\n'
    )


def _set(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    maker.put(f"{prefix}data/one.json", "{}\n")
    maker.put(f"{prefix}data/two.json", "{}\n")
    body.append('output "names" {\n  value = fileset(path.module, "data/*.json")\n}\n')


def _program(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    body.append(
        'resource "terraform_data" "run" {\n  provisioner "local-exec" {\n'
        f'    command = "sh {root or "./"}scripts/run.sh"\n  }}\n}}\n'
    )


def _folder(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    maker.put(f"{prefix}workdir/build.sh", "cat input.txt\n")
    maker.put(f"{prefix}workdir/input.txt", "input\n")
    body.append(
        'resource "terraform_data" "build" {\n  provisioner "local-exec" {\n'
        '    working_dir = "workdir"\n    command     = "sh build.sh"\n  }\n}\n'
    )


def _automatic(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    maker.put(f"{prefix}more.auto.tfvars", 'more = "more"\n')
    body.append('variable "more" {\n  default = ""\n}\noutput "more" {\n  value = var.more\n}\n')


def _exists(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    number = maker.chance.randrange(6)
    body.append(f'output "exists" {{\n  value = fileexists("{root}shared/text{number}.txt")\n}}\n')


def _condition(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    body.append(
        'variable "big" {\n  default = true\n}\noutput "size" {\n'
        f'  value = filemd5(var.big ? "{root}shared/text0.txt" : "{root}shared/text1.txt")\n}}\n'
    )


def _generated(maker: _Maker, prefix: str, root: str, body: list[str]) -> None:
    body.append(
        'locals {\n  kind = "text"\n  number = 2\n}\noutput "made" {\n'
        f'  value = file(join("/", ["{root or "./"}shared", format("%s%s.txt", local.kind, local.number)]))\n}}\n'
    )


_PARTS: list[Callable[[_Maker, str, str, list[str]], None]] = [
    _text,
    _template,
    _set,
    _program,
    _folder,
    _automatic,
    _exists,
    _condition,
    _generated,
]


def _conventional(make: _Maker) -> None:
    make.modules("modules")
    for environment in ("dev", "staging", "prod"):
        for name in ("network", "app"):
            make.stack(f"{environment}/{name}", f"environments/{environment}/{name}", "modules")


def _single(make: _Maker) -> None:
    make.modules("modules")
    for environment in ("dev", "qa", "stage", "prod"):
        make.stack(environment, f"environments/{environment}", "modules")


def _several_variables(make: _Maker) -> None:
    make.modules("modules")
    for number, environment in enumerate(("dev", "test", "prod")):
        file = f"root/vars/{environment}.tfvars"
        make.put(file, f'page = "../shared/text{number}.txt"\n')
        make.stack(environment, "root", "modules", var_files=(file,))


def _with_live(make: _Maker) -> None:
    make.modules("modules")
    for environment in ("dev", "prod"):
        for region in ("eu", "us"):
            make.stack(f"{environment}/{region}-app", f"live/{environment}/{region}/app", "modules")


def _by_component(make: _Maker) -> None:
    make.modules("lib/tf")
    for name in ("db", "web"):
        for environment in ("dev", "prod"):
            make.stack(f"{environment}/{name}", f"stacks/{name}/{environment}", "lib/tf")


def _with_links(make: _Maker) -> None:
    make.modules("real/modules")
    make.put("modules", "-> real/modules")
    make.put("all.tfvars", 'page = "../../shared/text3.txt"\n')
    make.put("shared_alias", "-> shared")
    for environment in ("dev", "stage", "prod"):
        folder = f"environments/{environment}"
        make.stack(environment, folder, "modules")
        make.put(f"{folder}/terraform.tfvars", "-> ../../all.tfvars")
        make.put(f"{folder}/common.tf", "-> ../../real/common.tf")
        make.put(f"{folder}/pages", "-> ../../real/pages")
    make.put(
        "real/common.tf",
        'resource "terraform_data" "common" {\n'
        '  input = [file("../../shared_alias/deep/inner.txt"), file("pages/a.html")]\n}\n',
    )
    make.put("real/pages/a.html", "a\n")
    make.put("real/pages/b.html", "b\n")


def _accounts(make: _Maker) -> None:
    make.modules("modules/base")
    make.put("modules/site/main.tf", 'module "middle" {\n  source = "../base/middle"\n}\n')
    for account in ("sandbox", "main"):
        for name in ("vpc", "dns", "site"):
            folder = f"accounts/{account}/{name}"
            make.stack(f"{account}/{name}", folder, "modules/base")
            if name == "site":
                make.put(f"{folder}/site.tf", 'module "site" {\n  source = "../../../modules/site"\n}\n')


def _with_json(make: _Maker) -> None:
    make.modules("modules")
    for environment in ("dev", "prod"):
        for name in ("a", "b"):
            make.stack(f"{environment}/{name}", f"environments/{environment}/{name}", "modules", as_json=True)


def _monorepo(make: _Maker) -> None:
    make.modules("infra/modules")
    for name in ("orders", "users"):
        make.put(f"apps/{name}/src/index.js", "code\n")
        make.put(f"apps/{name}/src/util/x.js", "code\n")
        make.put(f"apps/{name}/package.json", "{}\n")
    for environment in ("dev", "prod"):
        for name in ("orders", "users"):
            folder = f"infra/{environment}/{name}"
            make.stack(f"{environment}/{name}", folder, "infra/modules")
            make.put(
                f"{folder}/code.tf",
                f'locals {{\n  source = "../../../apps/{name}/src"\n}}\noutput "code" {{\n'
                '  value = [for f in fileset(local.source, "**/*.js") : filesha1("${local.source}/${f}")]\n}\n',
            )


def _root(make: _Maker) -> None:
    make.modules("modules")
    make.stack("main", "", "modules")
    make.stack("other/side", "side", "modules")


LAYOUTS: Mapping[str, Callable[[_Maker], None]] = {
    "conventional": _conventional,
    "single": _single,
    "variables": _several_variables,
    "live": _with_live,
    "component": _by_component,
    "linked": _with_links,
    "accounts": _accounts,
    "json": _with_json,
    "monorepo": _monorepo,
    "root": _root,
}
"""How each layout is made."""


def layout(name: str, seed: int = 1) -> Layout:
    """A repository in one of the layouts, the same for the same seed."""
    maker = _Maker(name, seed)
    LAYOUTS[name](maker)
    result = maker.made
    names = sorted({key.partition("/")[0] for key in result.stacks})
    lines = ["version: 1", f"environments: {{{', '.join(f'{environment}: {{}}' for environment in names)}}}", "stacks:"]
    for key, (folder, var_files) in sorted(result.stacks.items()):
        environment, _, name_of = key.partition("/")
        files_entry = f", var_files: [{', '.join(var_files)}]" if var_files else ""
        lines.append(
            f"  - {{path: {folder or '.'}, environment: {environment}, name: {name_of or environment}{files_entry}}}"
        )
    result.files["terrace.yaml"] = "\n".join(lines) + "\n"
    return result


@dataclass(frozen=True)
class Opens:
    """What Terraform touched of a repository for one stack: files and links that it opened, and those that it only
    looked for. Paths are those of the repository, links followed."""

    opened: frozenset[str]
    looked: frozenset[str]


@dataclass(frozen=True)
class Edit:
    """One change of a repository: both sides, and the stacks that it really touches."""

    what: str
    before: Files
    after: Files
    touched: frozenset[str]


def random_edit(base: Layout, opens: Mapping[str, Opens], chance: random.Random) -> Edit:
    """A random edit of one file. What it touches follows from what was opened in the repository as it is: a file that
    is added or renamed is one that was absent, or had another name, before."""
    kinds: dict[str, list[str]] = {}
    for path in sorted(base.files):
        if path != "terrace.yaml":
            kinds.setdefault(_kind(path, base.files[path]), []).append(path)
    # Every kind of file as often as any other.
    path = chance.choice(kinds[chance.choice(sorted(kinds))])
    text = base.files[path]
    link = text.startswith("-> ")
    kind = chance.choice(
        ["edit", "edit", "add", "delete", "rename"] if link else ["edit", "edit", "mode", "add", "delete", "rename"]
    )
    opened = frozenset(key for key, opens_of_key in opens.items() if path in opens_of_key.opened)
    looked = opened | {key for key, opens_of_key in opens.items() if path in opens_of_key.looked}
    without = {name: content for name, content in base.files.items() if name != path}
    if kind == "edit":
        other = "-> elsewhere" if link else text + ("\n" if _plain(path) else "edited\n")
        return Edit(f"edit {path}", dict(base.files), {**base.files, path: other}, opened)
    if kind == "mode":
        return Edit(f"mode {path}", dict(base.files), {**base.files, path: f"+x {text}"}, opened)
    if kind == "add":
        return Edit(f"add {path}", without, dict(base.files), looked)
    if kind == "delete":
        return Edit(f"delete {path}", dict(base.files), without, looked)
    folder, slash, name = path.rpartition("/")
    return Edit(f"rename {path}", {**without, f"{folder}{slash}old-{name}": text}, dict(base.files), looked)


def _plain(path: str) -> bool:
    return path.endswith((".tf", ".json", ".tfvars", ".hcl", ".tftpl"))


def _kind(path: str, text: str) -> str:
    if text.startswith("-> "):
        return "link"
    return path.rpartition("/")[2].rpartition(".")[2] + ("/module" if "modules" in path else "")
