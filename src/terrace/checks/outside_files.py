"""The check `outside-files`: files outside the repository that configuration reads while Terraform plans it.

A function such as `file` runs with the rights of Terraform on the machine that plans. The content ends up in the plan,
in the state and in outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, how_to_lower
from terrace.checks.changed_modules import head_of
from terrace.hcl.facts import Part, Read, Template
from terrace.hcl.layout import Layout, join, parent
from terrace.hcl.tree import read_many
from terrace.stacks.graph import Folder, Graph
from terrace.stacks.model import Stack

RULE = "outside-files"

_FIX = "take the file into the repository, or pass its content as a variable"
_POINTER = b"version https://git-lfs.github.com/spec/"
_UNKNOWN = Part("unknown")
_DEEPEST = 6
_MOST = 30
"""Maximum number of ways to call a module that are distinguished; with more, a path is unknown."""


@dataclass(frozen=True, slots=True)
class _Judgement:
    """The verdict on one read: it leaves the repository (and why), or its path is unknown."""

    status: Status
    why: str


def check_outside_files(context: CheckContext) -> Findings:
    """Returns a finding for each file outside the repository that the impacted stacks read.

    That is a file of the machine, a file behind a link that leads out, or a file that Git LFS stores.
    """
    change, graph = context.change_set, context.inventory.graph
    tree, changed = head_of(context), frozenset(change.changed)
    layout = Layout(tree)
    stacks = tuple(impact.stack for impact in change.impacts)
    folders = frozenset(path for stack in stacks for path in graph.find_reached(stack))
    attributes = read_many(tree, [path for path in tree.entries if path.rpartition("/")[2] == ".gitattributes"])
    inside = [
        path for path in tree.entries if any(path.startswith(f"{folder}/") for folder in folders) or "" in folders
    ]
    return (
        *find_outside_reads(graph, layout, stacks, changed),
        *find_leaving_links(layout, folders, changed),
        *find_lfs_pointers(read_many(tree, find_lfs_paths(attributes, inside))),
    )


def find_outside_reads(
    graph: Graph, layout: Layout, stacks: tuple[Stack, ...], changed: frozenset[str]
) -> tuple[Finding, ...]:
    """Returns a finding for each read from outside of the repository in the folders of these stacks.

    Only a read in a changed file blocks the change; the others are advisory, and so is an unknown path.
    """
    findings: dict[tuple[str, int, str], Finding] = {}
    for stack in stacks:
        for path in graph.find_reached(stack):
            folder = graph.folders.get(path)
            if folder is None:
                continue
            for file, read in _reads(folder, layout, stack):
                for judgement in _judge_path(graph, layout, folder, stack, read):
                    finding = _finding(file, read, judgement, file in changed)
                    findings.setdefault((file, read.line, finding.message), finding)
    return tuple(findings[key] for key in sorted(findings))


def find_leaving_links(layout: Layout, folders: frozenset[str], changed: frozenset[str]) -> tuple[Finding, ...]:
    """Returns a finding for each symbolic link out of the repository: those that changed, and those in these
    folders."""
    findings = []
    for link in sorted(layout.links):
        below = "" in folders or any(link.startswith(f"{folder}/") for folder in folders)
        if (link in changed or below) and not layout.is_inside(link):
            message = "this link leads out of the repository: its target does not exist when Terrace plans"
            fix = "commit the file itself"
            advisory = link not in changed
            findings.append(
                Finding(RULE, Severity.HIGH, Status.FAIL, "terrace", message, path=link, fix=fix, advisory=advisory)
            )
    return tuple(findings)


def find_lfs_pointers(contents: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Returns a finding for each file that Git LFS stores: a pointer is committed, and Terraform reads the pointer."""
    return tuple(
        Finding(
            RULE,
            Severity.HIGH,
            Status.FAIL,
            "terrace",
            "this file is stored in Git LFS: Terraform reads the pointer instead of the file",
            path=path,
            fix="commit the file itself, or have Terraform read it from an artifact store",
        )
        for path, content in sorted(contents.items())
        if content.startswith(_POINTER)
    )


def find_lfs_paths(attributes: Mapping[str, bytes], paths: Iterable[str]) -> tuple[str, ...]:
    """Returns the paths that `.gitattributes` files (by path) give to Git LFS, approximately: only the last part of a
    pattern is compared."""
    patterns = [
        (parent(path), line.split()[0].decode("utf-8", "replace").rpartition("/")[2])
        for path, content in attributes.items()
        for line in content.splitlines()
        if b"filter=lfs" in line.split()[1:]
    ]
    return tuple(
        path
        for path in paths
        if any(
            (not folder or path.startswith(f"{folder}/")) and fnmatchcase(path.rpartition("/")[2], pattern or "*")
            for folder, pattern in patterns
        )
    )


def _reads(folder: Folder, layout: Layout, stack: Stack) -> Iterator[tuple[str, Read]]:
    for file, facts in zip(folder.files, folder.facts, strict=True):
        for read in facts.reads:
            if read.how in ("file", "set"):
                yield file, read
            if read.function == "templatefile":
                yield from _of_template(layout, folder, stack, read)
        for call in facts.modules:
            # Terraform copies such a folder as if it were fetched, and its files are not checked.
            path = (call.source or "").removeprefix("git::").removeprefix("file://")
            if path.startswith(("/", "~")):
                yield file, Read("file", (Part("text", path),), call.line, function=f"module {call.name}")
        for state in facts.states:
            path = state.known.get("path", "")
            if state.type == "local" and path.startswith(("/", "~")):
                yield file, Read("file", (Part("text", path),), state.line, function="terraform_remote_state")


def _of_template(layout: Layout, folder: Folder, stack: Stack, read: Read) -> Iterator[tuple[str, Read]]:
    """Yields the reads in a template of the repository, with the path of the template."""
    from terrace.hcl.read_facts import read_template_facts

    text, whole = _known_text(read.template, folder.path, stack.path)
    path = join("", text or ".") if whole and not text.startswith(("/", "~")) else None
    real = layout.resolve(path).real if path is not None else None
    content = layout.read(real) if real is not None else None
    if real is not None and content is not None:
        yield from ((real, inner) for inner in read_template_facts(content).reads if inner.how in ("file", "set"))


def _finding(file: str, read: Read, judgement: _Judgement, changed: bool) -> Finding:
    return Finding(
        RULE,
        Severity.HIGH if judgement.status is Status.FAIL else Severity.LOW,
        judgement.status,
        "terrace",
        f"{read.function or 'a function'} {judgement.why}",
        path=file,
        line=read.line,
        fix=_FIX,
        advisory=judgement.status is not Status.FAIL or not changed,
    )


def _judge_path(graph: Graph, layout: Layout, folder: Folder, stack: Stack, read: Read) -> Iterator[_Judgement]:
    for template in _possible_templates(graph, folder, read.template):
        judgement = _judge(layout, template, folder.path, stack.path, read)
        if judgement is not None:
            yield judgement


def _judge(layout: Layout, template: Template, folder: str, root: str, read: Read) -> _Judgement | None:
    text, whole = _known_text(template, folder, root)
    if text.startswith(("/", "~")):
        return _Judgement(Status.FAIL, f"reads {_path_text(text)} from the machine that plans")
    if not whole:
        # The unknown rest cannot change the part before the last slash.
        if join("", text.rpartition("/")[0] or ".") is None:
            return _Judgement(Status.FAIL, f"reads a path outside of the repository: {_path_text(text)}")
        return _Judgement(Status.UNKNOWN, "reads a path that is known only when Terraform plans")
    if read.how == "set":
        if not read.pattern:
            return _Judgement(Status.UNKNOWN, "lists files by a pattern that is known only when Terraform plans")
        if ".." in read.pattern or read.pattern.startswith(("/", "~")):
            return _Judgement(Status.FAIL, f"lists files outside of its folder: {_path_text(read.pattern)}")
    path = join("", text or ".")
    if path is None:
        return _Judgement(Status.FAIL, f"reads a path outside of the repository: {_path_text(text)}")
    way = layout.resolve(path)
    if way.real is None:
        return _Judgement(Status.FAIL, f"reads {_path_text(path)}, which a link leads out of the repository")
    return None


def _path_text(path: str) -> str:
    return path if len(path) <= 100 else f"{path[:100]}..."


def _known_text(template: Template, folder: str, root: str) -> tuple[str, bool]:
    """Returns the text of a path up to the first unknown part, and whether that is all of it."""
    text = ""
    for index, part in enumerate(template):
        match part.kind:
            case "text":
                # Terraform runs in the folder of the stack: a path that begins with text is relative to it.
                bare = index == 0 and not part.text.startswith(("/", "~"))
                text += f"{root or '.'}/{part.text}" if bare else part.text
            case "module":
                text += part.text or folder or "."
            case "root":
                text += root or "."
            case _:
                return text, False
    return text, bool(template)


def _possible_templates(graph: Graph, folder: Folder, template: Template) -> tuple[Template, ...]:
    """Returns the possible values of a template, with locals of the module and the arguments of its callers."""
    paths = tuple(dict.fromkeys(_expand(graph, folder, template, 0)))
    return paths if len(paths) <= _MOST else ((_UNKNOWN,),)


def _expand(graph: Graph, folder: Folder, template: Template, depth: int) -> list[Template]:
    results: list[Template] = [()]
    for part in template:
        ways = _ways(graph, folder, part, depth)
        results = [(*before, *way) for before in results for way in ways]
        if len(results) > _MOST:
            return [(_UNKNOWN,)]
    return results


def _ways(graph: Graph, folder: Folder, part: Part, depth: int) -> list[Template]:
    if part.kind not in ("local", "var"):
        return [(part,)]
    if depth >= _DEEPEST:
        return [(_UNKNOWN,)]
    if part.kind == "local":
        values = [facts.locals[part.text] for facts in folder.facts if part.text in facts.locals]
        ways = [way for value in values for way in _expand(graph, folder, value, depth + 1)]
        return ways or [(_UNKNOWN,)]
    ways = [
        way
        for facts in folder.facts
        if part.text in facts.defaults
        for way in _expand(graph, folder, facts.defaults[part.text], depth + 1)
    ]
    for caller, arguments in _calls(graph, folder.path):
        if part.text in arguments:
            ways += _of_caller(graph, caller, arguments[part.text], depth + 1)
    # A variable of a stack can also be set by files and by the environment.
    if not graph.callers.get(folder.path) or not ways:
        ways.append((_UNKNOWN,))
    return ways


def _of_caller(graph: Graph, caller: Folder, value: Template, depth: int) -> list[Template]:
    """Returns the possible values of an argument: its `path.module` is the folder of the caller."""
    ways = _expand(graph, caller, value, depth)
    place = Part("module", caller.path or ".")
    return [tuple(place if part == Part("module") else part for part in way) for way in ways]


def _calls(graph: Graph, path: str) -> Iterator[tuple[Folder, Mapping[str, Template]]]:
    for name in graph.callers.get(path, ()):
        caller = graph.folders[name]
        yield from ((caller, call.call.arguments) for call in caller.calls if call.target == path)


CHECK = SourceCheck(
    name=RULE,
    run=check_outside_files,
    rules=(
        Rule(
            RULE,
            "A function such as `file` reads outside of the repository, a link leads there, or Git LFS stores a file.",
            "The function runs with the rights of Terraform on the machine that plans: the file's content ends up in "
            "the plan and the state.",
            "Commit the file to the repository, or pass its content as a variable.",
            how_to_lower(
                RULE,
                "`terrace waive` accepts one place. Reads in files that did not change, and paths that are known only "
                "when Terraform plans, do not block.",
            ),
        ),
    ),
)
