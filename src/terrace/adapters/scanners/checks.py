"""The checks by third-party scanners: their input, when they run, and the cache of their results."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from terrace import __version__, typed_json
from terrace.adapters.cache_file import write_cache
from terrace.adapters.confined import SECONDS
from terrace.adapters.git.patches import patches_between
from terrace.adapters.scanners.run import FORMAT, ScannerRun
from terrace.adapters.tools.find_tool import Found, Toolbox
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext
from terrace.checks.scanners.all import CONFIGURATION_FILES, SCANNERS
from terrace.checks.scanners.excuses import apply_excuses, disable_new_excuses
from terrace.checks.scanners.plan_document import document
from terrace.checks.scanners.scanner import CommitScan, PlanScan, ScanFolders, Scanner, Settings, SourceScan, Spot
from terrace.checks.secrets.patch import Patch
from terrace.config.model import Config
from terrace.errors import NotReady
from terrace.hcl.layout import Layout, parent
from terrace.hcl.tree import Tree, read_many
from terrace.plans.addresses import block_of
from terrace.stacks.blocks import Blocks
from terrace.stacks.repository import Repository
from terrace.waivers.comments import Skip, skips

LARGEST = 1 << 20
"""Maximum size of a file for scanners, in bytes: larger files are not configuration."""

KEPT = 500
"""Maximum number of cached scanner results for a repository."""


class Scanners:
    """`trusted` is the commit whose scanner configuration applies; `cache` contains earlier results. `root` is the
    repository itself. `seconds` is the time limit of a run.
    """

    def __init__(
        self, box: Toolbox, repository: Repository, root: Path, trusted: str, cache: Path, seconds: float = SECONDS
    ) -> None:
        self._box = box
        self._repository = repository
        self._root = root
        self._trusted = trusted
        self._cache = cache
        self._seconds = seconds

    def tools(self, config: Config) -> tuple[str, ...]:
        """Returns the scanners that are installed and enabled."""
        return tuple(n for n, s in SCANNERS.items() if config.level(n) != "off" and self._box.find(s.tool) is not None)

    # --- when --------------------------------------------------------------------------------------------------------

    def find_missing(self, config: Config) -> tuple[str, ...]:
        """Returns the scanners that are not installed and that terrace.yaml does not mention."""
        return tuple(n for n, s in SCANNERS.items() if n not in config.checks and self._box.find(s.tool) is None)

    def _find_tool(self, scanner: Scanner, context: CheckContext) -> Found | None:
        """Returns the tool; None where it is not installed and not requested. Raises NotReady where it is requested."""
        tool = scanner.tool
        program = self._box.find(tool)
        if program is None and tool.name in context.trusted.checks:
            hint = f"terrace tools install {tool.name}"
            raise NotReady(f"{tool.name} was not found", hint=hint)
        if program is not None and tool.refused and self._box.version(program) in tool.refused:
            raise NotReady(f"{program.path} is a version that is known to be malicious", hint=f"remove {program.path}")
        return program

    # --- what --------------------------------------------------------------------------------------------------------

    def scan_sources(self, scanner: Scanner, scan: SourceScan, context: CheckContext) -> tuple[Finding, ...]:
        """Returns what a scanner finds in the sources that the change touches."""
        program = self._find_tool(scanner, context)
        if program is None:
            return ()
        copy = self._copy(context)
        if not copy.paths:
            return ()
        settings = self._settings(scanner)
        key = _key(program, settings, "sources", *copy.identity())

        def look() -> tuple[Finding, ...]:
            with self._run(scanner, program, settings, copy.files()) as run:
                return run.scan_sources(scan)

        unread = () if scanner.reports_syntax_errors else _unread_findings(scanner.name, copy, context)
        return (*self._find_or_scan(key, look), *unread, *_ignored_findings(scanner.name, settings))

    def scan_plans(self, scanner: Scanner, scan: PlanScan, context: CheckContext) -> tuple[Finding, ...]:
        """Returns what a scanner finds in the plans."""
        plans = context.plans
        program = self._find_tool(scanner, context) if plans else None
        if program is None:
            return ()
        settings = self._settings(scanner)
        texts = {key: json.dumps(document(plan)).encode() for key, plan in plans.items()}
        keys = {name: _key(program, settings, "plan", text.decode()) for name, text in texts.items()}
        cached = {name: self._read_cache(key) for name, key in keys.items()}
        fresh = {f"plan-{number}.json": name for number, name in enumerate(n for n, k in cached.items() if k is None)}
        results = {name: findings for name, findings in cached.items() if findings is not None}
        if fresh:
            with self._run(scanner, program, settings, {file: texts[name] for file, name in fresh.items()}) as run:
                new = run.scan_plans(scan, fresh)
            for name in fresh.values():
                results[name] = tuple(f for f in new if f.stack == name)
            rest = tuple(f for f in new if f.stack is None)
            if not rest:
                for name in fresh.values():
                    self._keep(keys[name], results[name])
            return self._place(context, (*(f for name in plans for f in results[name]), *rest))
        return self._place(context, tuple(f for name in plans for f in results[name]))

    def scan_commits(self, scanner: Scanner, scan: CommitScan, context: CheckContext) -> tuple[Finding, ...]:
        """Returns the secrets that a scanner finds in the commits of the change."""
        program = self._find_tool(scanner, context)
        if program is None:
            return ()
        change = context.change_set
        settings = self._settings(scanner)
        key = _key(program, settings, "secrets", change.base, change.head, self._trusted)

        trusted = self._repository.tree(self._trusted)

        def read_baseline(path: str) -> bytes:
            return trusted.read(path) if path in trusted.entries else b""

        def look() -> tuple[Finding, ...]:
            findings: list[Finding] = []
            for layer in _layers(patches_between(self._root, change.base, change.head)):
                # A line that is on the protected branch, with its comment, may have moved.
                files = {
                    _unique_name(path): disable_new_excuses(_as_file(patch), read_baseline(path))
                    for path, patch in layer.items()
                }
                with self._run(scanner, program, settings, files) as run:
                    findings += run.scan_commits(scan, _spots(layer), settings)
            return tuple(findings)

        return (*self._find_or_scan(key, look), *_ignored_findings(scanner.name, settings))

    def _place(self, context: CheckContext, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Returns the findings with the file and line of the block of each address; accepted comments waive them."""
        head, trusted = self._repository.tree(context.change_set.head), self._repository.tree(self._trusted)
        blocks = Blocks(head, context.inventory)
        comments = Comments(head, trusted)
        placed = []
        for finding in findings:
            spots = _spots_of(finding, blocks)
            if spots:
                finding = replace(finding, path=spots[0][0], line=spots[0][1])
                finding = apply_excuses(finding, (skip for path, _ in spots for skip in comments.of(path)), spots)
            placed.append(finding)
        return tuple(placed)

    def _settings(self, scanner: Scanner) -> Settings:
        tree = self._repository.tree(self._trusted)
        return scanner.settings({file: tree.read(file) for file in scanner.keys if file in tree.entries})

    def _copy(self, context: CheckContext) -> Copy:
        head, trusted = self._repository.tree(context.change_set.head), self._repository.tree(self._trusted)
        return Copy(head, trusted, _files_to_scan(context, head))

    # --- where -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _run(
        self, scanner: Scanner, program: Found, settings: Settings, files: Mapping[str, bytes]
    ) -> Iterator[ScannerRun]:
        # Resolved, since scanners print real paths.
        with tempfile.TemporaryDirectory(prefix="terrace-scan-") as place:
            base = Path(place).resolve()
            for folder, content in (("root", files), ("settings", settings.files), ("home", {})):
                _laid_out(base / folder, content)
            folders = ScanFolders(base / "root", base / "settings", base / "home")
            yield ScannerRun(scanner, program.path.absolute(), folders, self._box.path, self._seconds)

    # --- again -------------------------------------------------------------------------------------------------------

    def _find_or_scan(self, key: str, look: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
        stored = self._read_cache(key)
        if stored is not None:
            return stored
        findings = look()
        self._keep(key, findings)
        return findings

    def _read_cache(self, key: str) -> tuple[Finding, ...] | None:
        try:
            return typed_json.decode((self._cache / key).read_bytes(), tuple[Finding, ...])
        except (OSError, msgspec.MsgspecError):
            return None

    def _keep(self, key: str, findings: tuple[Finding, ...]) -> None:
        write_cache(self._cache / key, msgspec.json.encode(findings))
        with suppress(OSError):
            files = sorted(self._cache.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in files[KEPT:]:
                old.unlink()


@dataclass(frozen=True)
class Copy:
    """The copy of the sources for a scanner: `paths` maps paths in the copy to paths in the tree."""

    head: Tree
    trusted: Tree
    paths: Mapping[str, str]

    def identity(self) -> Iterator[str]:
        """Returns the identity of the copied files, without reading them."""
        for path, real in self.paths.items():
            accepted = self.trusted.entries.get(path)
            yield f"{path}\0{self.head.entries[real].blob}\0{accepted.blob if accepted else ''}"

    def files(self) -> dict[str, bytes]:
        """Returns the copied files, without the suppressing comments that the change adds."""
        read = read_many(self.head, set(self.paths.values()))
        accepted = read_many(self.trusted, [path for path in self.paths if path in self.trusted.entries])
        contents = {path: disable_new_excuses(read[real], accepted.get(path, b"")) for path, real in self.paths.items()}
        return {path: content for path, content in contents.items() if len(content) <= LARGEST}


class Comments:
    """The suppressing comments for scanners that are on the protected branch, by file of the head."""

    def __init__(self, head: Tree, trusted: Tree) -> None:
        self._head = head
        self._trusted = trusted
        self._found: dict[str, tuple[Skip, ...]] = {}

    def of(self, path: str) -> tuple[Skip, ...]:
        """Returns those of one file."""
        if path not in self._found:
            accepted = self._trusted.read(path) if path in self._trusted.entries else b""
            self._found[path] = skips(path, disable_new_excuses(self._head.read(path), accepted))
        return self._found[path]


def _spots_of(finding: Finding, blocks: Blocks) -> list[tuple[str, int]]:
    """Returns the start of the block of the finding's address, and of the module calls that lead to it, outermost
    last."""
    if not finding.stack or not finding.address:
        return []
    address = block_of(finding.address)
    own = blocks.of(finding.stack, address)
    if own is None:
        return []
    steps = address.split(".")
    calls = []
    for length in range(2, len(steps), 2):
        if steps[length - 2] != "module":
            break
        calls.append(blocks.of(finding.stack, ".".join(steps[:length])))
    return [own, *(spot for spot in reversed(calls) if spot is not None)]


def _files_to_scan(context: CheckContext, tree: Tree) -> dict[str, str]:
    """Returns the files of all folders that an impacted stack uses, and of changed modules that none uses."""
    layout = Layout(tree)
    graph = context.inventory.graph
    folders = {path for impact in context.change_set.impacts for path in graph.find_reached(impact.stack)}
    folders |= {parent(path) for path in context.change_set.changed} & layout.folders.keys()
    settings = {}
    for path in tree.entries:
        if not any(not folder or parent(path) == folder or path.startswith(f"{folder}/") for folder in folders):
            continue
        real = layout.resolve(path).real
        # A scanner's configuration in the change is never used, in any folder.
        if real is None or real not in tree.entries or tree.entries[real].is_link:
            continue
        if path.rpartition("/")[2] not in CONFIGURATION_FILES:
            settings[path] = real
    return settings


def _laid_out(root: Path, files: Mapping[str, bytes]) -> None:
    root.mkdir(mode=0o700)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _layers(patches: Iterator[Patch]) -> list[dict[str, Patch]]:
    """Returns layers of patches without a file twice in a layer, so that each is scanned with the lines of its
    commit."""
    layers: list[dict[str, Patch]] = []
    for patch in patches:
        path = patch.path
        if not path or path.startswith("/") or ".." in path.split("/"):
            continue
        free = next((layer for layer in layers if not _is_taken(layer, path)), None)
        if free is None:
            free = {}
            layers.append(free)
        free[path] = patch
    return layers


_ASIDE = ".as-text"


def _unique_name(path: str) -> str:
    """Returns a unique name of a file in a layer: gitleaks would read a file with the name of its configuration."""
    aside = path.rpartition("/")[2] in CONFIGURATION_FILES or path.endswith(_ASIDE)
    return f"{path}{_ASIDE}" if aside else path


def _spots(layer: Mapping[str, Patch]) -> Spot:
    by_name = {_unique_name(path): (patch.commit, path) for path, patch in layer.items()}
    return by_name.get


def _is_taken(layer: Mapping[str, Patch], path: str) -> bool:
    """Returns whether the path exists, or conflicts with a file or folder."""
    return path in layer or any(p.startswith(f"{path}/") or path.startswith(f"{p}/") for p in layer)


def _as_file(patch: Patch) -> bytes:
    """Returns the additions of a commit to a file, at their lines; all other lines are empty."""
    lines = dict(zip(patch.numbers, patch.text.split("\n"), strict=False))
    last = max((number for number in lines if number > 0), default=0)
    text = "\n".join(lines.get(number, "") for number in range(1, last + 1))
    return f"{text}\n".encode("utf-8", "surrogateescape")


def _unread_findings(name: str, copy: Copy, context: CheckContext) -> tuple[Finding, ...]:
    """Returns findings about files with syntax errors, which the scanner itself ignores silently."""
    graph = context.inventory.graph
    broken = {
        path: facts.error_line
        for folder in graph.folders.values()
        for path, facts in zip(folder.files, folder.facts, strict=True)
        if facts.error_line and path in copy.paths
    }
    return tuple(
        Finding(
            rule=name,
            severity=Severity.HIGH,
            status=Status.UNKNOWN,
            tool=name,
            message=f"{path} cannot be parsed, so that {name} did not scan it",
            path=path,
            line=line,
            fix="fix the syntax error",
        )
        for path, line in broken.items()
    )


def _ignored_findings(name: str, settings: Settings) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=name,
            severity=Severity.LOW,
            status=Status.UNKNOWN,
            tool=name,
            message=f"`{key}` in {file} is ignored: Terrace passes on only settings that select {name}'s own rules",
            path=file,
            advisory=True,
            fix="remove it, or configure it in terrace.yaml",
        )
        for file, key in settings.ignored
    )


def _key(program: Found, settings: Settings, *content: str) -> str:
    """Returns the cache key of a result, which differs for another program, configuration or content."""
    digest = hashlib.sha256(f"{__version__}\0{FORMAT}\0{program.identity}\0".encode())
    for name in sorted(settings.files):
        digest.update(f"{name}\0{len(settings.files[name])}\0".encode() + settings.files[name])
    for part in content:
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    return f"{program.tool.name}-{digest.hexdigest()[:32]}"
