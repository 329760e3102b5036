"""The picture of how a change reaches its stacks: modules to the left, the stacks that call them to the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.report.html.text import plural, text
from terrace.stacks.graph import Graph
from terrace.stacks.model import ChangeSet

MOST = 40
"""So many folders are all drawn; of more only those that the change touches."""

TALLEST = 24
"""So many boxes one column holds; what is left over becomes one box."""

_WIDTH, _HEIGHT, _GAP, _CORRIDOR, _MARGIN = 250, 44, 12, 84, 8
_LETTERS = 33


@dataclass(frozen=True, slots=True)
class Box:
    """One folder of the picture: its column from the right, and how the change has to do with it."""

    key: str
    label: str
    under: str
    column: int
    touched: bool
    changed: bool
    stack: bool


def drawn(change_set: ChangeSet, graph: Graph, told: Mapping[str, str]) -> str:
    """The picture as SVG; "" where nothing is touched. `told` says in few words what happens to each stack, by key."""
    boxes, edges, hidden = _contents(change_set, graph, told)
    if not boxes:
        return ""
    boxes, edges = _folded(boxes, edges)
    columns = _columns(boxes, edges)
    places = {
        box.key: (x, y)
        for column, members in enumerate(reversed(columns))
        for x, y, box in _stacked(column, members, max(len(c) for c in columns))
    }
    width = len(columns) * (_WIDTH + _CORRIDOR) - _CORRIDOR + 2 * _MARGIN
    height = max(len(c) for c in columns) * (_HEIGHT + _GAP) - _GAP + 2 * _MARGIN
    touched = {box.key for box in boxes if box.touched}
    lines = [_edge(places[a], places[b], live=a in touched and b in touched) for a, b in sorted(edges)]
    shapes = [_shape(box, *places[box.key]) for box in boxes]
    reach = plural(len(change_set.impacts), "stack")
    named = f"How the change reaches {reach}: changed folders to the left, stacks to the right."
    more = f"<p class=soft>Not drawn: {plural(hidden, 'folder')} that the change does not touch.</p>" if hidden else ""
    return (
        f'<div class=scroll><svg class=graph viewBox="0 0 {width} {height}" width="{width}" height="{height}" role=img '
        f"aria-labelledby=graph-title><title id=graph-title>{text(named)}</title>"
        f"{''.join(lines)}{''.join(shapes)}</svg></div>{more}"
    )


def _contents(
    change_set: ChangeSet, graph: Graph, told: Mapping[str, str]
) -> tuple[list[Box], set[tuple[str, str]], int]:
    """The boxes, the calls between them (from the called to the caller), and how many folders are left out."""
    stacks: dict[str, list[str]] = {}
    for impact in change_set.impacts:
        stacks.setdefault(impact.stack.path, []).append(impact.stack.key)
    chains = {path for i in change_set.impacts for reason in i.reasons for path in reason.chain}
    touched = {path for path in chains | stacks.keys() if path in graph.folders or path in stacks}
    changed = {path for path in touched if any(_within(file, path) for file in change_set.changed)}
    calls = {(call.target, path) for path, folder in graph.folders.items() for call in folder.calls}
    everything = touched | graph.folders.keys()
    shown = everything if len(everything) <= MOST else touched
    edges = {(a, b) for a, b in calls if a in shown and b in shown and a != b}
    depth = _depths(shown, edges)
    boxes = [
        Box(
            key=path,
            label=", ".join(stacks[path]) if path in stacks else path or ".",
            under=_under(stacks.get(path, ()), told, changed=path in changed),
            column=depth[path],
            touched=path in touched,
            changed=path in changed,
            stack=path in stacks,
        )
        for path in sorted(shown)
    ]
    return boxes, edges, len(everything) - len(shown)


def _folded(boxes: list[Box], edges: set[tuple[str, str]]) -> tuple[list[Box], set[tuple[str, str]]]:
    """What is too much for a column, as one box; what changed stays for itself as long as there is room."""
    kept: list[Box] = []
    known: dict[str, str] = {}
    for column in range(1 + max(box.column for box in boxes)):
        mine = sorted((b for b in boxes if b.column == column), key=lambda b: (not b.changed, not b.touched, b.label))
        rest = mine[TALLEST - 1 :] if len(mine) > TALLEST else []
        kept += mine[: len(mine) - len(rest)]
        if rest:
            words = plural(len(rest), "more stack" if rest[0].stack else "more module")
            more = Box(f"\0{column}", f"and {words}", "", column, any(b.touched for b in rest), False, rest[0].stack)
            kept.append(more)
            known |= {box.key: more.key for box in rest}
    return kept, {(known.get(a, a), known.get(b, b)) for a, b in edges}


def _under(keys: Iterable[str], told: Mapping[str, str], *, changed: bool) -> str:
    said = [told[key] for key in keys if told.get(key)]
    return "; ".join(dict.fromkeys(said)) or ("changed" if changed else "")


def _within(file: str, folder: str) -> bool:
    """Whether a file lies in a folder itself, not below."""
    return file.rpartition("/")[0] == folder


def _depths(shown: Iterable[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    """How far each folder is from those that nothing calls, which stand at 0. A circle stops where it closes."""
    callers: dict[str, list[str]] = {}
    for called, caller in edges:
        callers.setdefault(called, []).append(caller)
    found: dict[str, int] = {}

    def depth(path: str, way: frozenset[str]) -> int:
        if path not in found:
            above = [depth(by, way | {path}) for by in callers.get(path, ()) if by not in way]
            found[path] = 1 + max(above, default=-1)
        return found[path]

    for path in sorted(shown):
        depth(path, frozenset({path}))
    return found


def _columns(boxes: list[Box], edges: set[tuple[str, str]]) -> list[list[Box]]:
    """The boxes by column, each ordered by where its callers stand, so that few lines cross."""
    columns: list[list[Box]] = [[] for _ in range(1 + max(box.column for box in boxes))]
    for box in boxes:
        columns[box.column].append(box)
    for members in columns:
        members.sort(key=lambda b: (not b.touched, b.label))
    beside: dict[str, list[str]] = {}
    for called, caller in edges:
        beside.setdefault(called, []).append(caller)
        beside.setdefault(caller, []).append(called)
    for order in (columns[1:], reversed(columns[:-1]), columns[1:]):
        for members in order:
            rank = {b.key: n / max(1, len(c) - 1) for c in columns for n, b in enumerate(c)}
            members.sort(key=lambda b: (_middle(b.key, beside, rank), not b.touched, b.label))
    return columns


def _middle(key: str, beside: Mapping[str, list[str]], rank: Mapping[str, float]) -> float:
    near = [rank[other] for other in beside.get(key, ()) if other in rank]
    return sum(near) / len(near) if near else rank[key]


def _stacked(column: int, members: list[Box], tallest: int) -> Iterable[tuple[int, int, Box]]:
    """Where the boxes of a column stand: in its middle."""
    x = _MARGIN + column * (_WIDTH + _CORRIDOR)
    top = _MARGIN + (tallest - len(members)) * (_HEIGHT + _GAP) // 2
    for row, box in enumerate(members):
        yield x, top + row * (_HEIGHT + _GAP), box


def _edge(start: tuple[int, int], end: tuple[int, int], *, live: bool) -> str:
    (x1, y1), (x2, y2) = (start[0] + _WIDTH, start[1] + _HEIGHT // 2), (end[0], end[1] + _HEIGHT // 2)
    bend = max(30, (x2 - x1) // 2)
    return f'<path class="edge{" live" if live else ""}" d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _shape(box: Box, x: int, y: int) -> str:
    words = [
        name for name, holds in (("stack", box.stack), ("touched", box.touched), ("changed", box.changed)) if holds
    ]
    label = box.label if len(box.label) <= _LETTERS else "…" + box.label[-_LETTERS + 1 :]
    middle = y + (18 if box.under else _HEIGHT // 2 + 5)
    under = ""
    if box.under:
        under = f'<text class=under x="{x + 14}" y="{y + 35}">{text(box.under, 40)}</text>'
    return (
        f'<g class="box {" ".join(words)}"><title>{text(box.label, 200)}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text x="{x + 14}" y="{middle}">{text(label, _LETTERS + 3)}</text>{under}</g>'
    )
