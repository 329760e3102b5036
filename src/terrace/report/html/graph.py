"""The graph of an impact in HTML: modules to the left, the stacks that call them to the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.report.html.markup import NOTHING, Markup, html, join, text
from terrace.stacks.graph import Graph
from terrace.stacks.model import ChangeSet
from terrace.words import and_more, plural

MOST = 40
"""Maximum number of folders of which all are drawn; of more, only impacted ones."""

TALLEST = 24
"""Maximum number of boxes in a column; the others become one box."""

_WIDTH, _HEIGHT, _GAP, _SPACE, _MARGIN = 250, 44, 12, 84, 8
_LETTERS = 33


@dataclass(frozen=True, slots=True)
class Box:
    """A folder in the graph: its column from the right, and its part in the change."""

    key: str
    label: str
    under: str
    column: int
    touched: bool
    changed: bool
    stack: bool


def impact_graph(change_set: ChangeSet, graph: Graph, labels: Mapping[str, str]) -> Markup:
    """Returns the graph as SVG; nothing where no stack is impacted. `labels` are the changes of each stack, by key."""
    boxes, edges, hidden = _contents(change_set, graph, labels)
    if not boxes:
        return NOTHING
    boxes, edges = _join_boxes(boxes, edges)
    columns = _columns(boxes, edges)
    places = {
        box.key: (x, y)
        for column, members in enumerate(reversed(columns))
        for x, y, box in _place_column(column, members, max(len(c) for c in columns))
    }
    width = len(columns) * (_WIDTH + _SPACE) - _SPACE + 2 * _MARGIN
    height = max(len(c) for c in columns) * (_HEIGHT + _GAP) - _GAP + 2 * _MARGIN
    touched = {box.key for box in boxes if box.touched}
    lines = [_edge(places[a], places[b], live=a in touched and b in touched) for a, b in sorted(edges)]
    shapes = [_shape(box, *places[box.key]) for box in boxes]
    stacks = plural(len(change_set.impacts), "stack")
    folders = plural(hidden, "folder")
    return html(
        '<div class=scroll><svg class=graph viewBox="0 0 {width} {height}" width="{width}" height="{height}" role=img '
        "aria-labelledby=graph-title><title id=graph-title>{title}</title>{lines}{shapes}</svg></div>{more}",
        width=width,
        height=height,
        title=f"Impact on {stacks}: changed folders to the left, stacks to the right.",
        lines=join(lines),
        shapes=join(shapes),
        more=html("<p class=soft>Not drawn: {folders} without impact.</p>", folders=folders) if hidden else NOTHING,
    )


def _contents(
    change_set: ChangeSet, graph: Graph, labels: Mapping[str, str]
) -> tuple[list[Box], set[tuple[str, str]], int]:
    """Returns the boxes, the calls between them (from the called to the caller), and how many folders are left out."""
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
            under=_under(stacks.get(path, ()), labels, changed=path in changed),
            column=depth[path],
            touched=path in touched,
            changed=path in changed,
            stack=path in stacks,
        )
        for path in sorted(shown)
    ]
    return boxes, edges, len(everything) - len(shown)


def _join_boxes(boxes: list[Box], edges: set[tuple[str, str]]) -> tuple[list[Box], set[tuple[str, str]]]:
    """Joins the boxes that exceed a column into one; changed folders keep their own box as long as possible."""
    visible: list[Box] = []
    folded: dict[str, str] = {}
    for column in range(1 + max(box.column for box in boxes)):
        members = sorted(
            (b for b in boxes if b.column == column), key=lambda b: (not b.changed, not b.touched, b.label)
        )
        rest = members[TALLEST - 1 :] if len(members) > TALLEST else []
        visible += members[: len(members) - len(rest)]
        if rest:
            label = and_more(len(rest), "stack" if rest[0].stack else "module")
            more = Box(f"\0{column}", label, "", column, any(b.touched for b in rest), False, rest[0].stack)
            visible.append(more)
            folded |= {box.key: more.key for box in rest}
    return visible, {(folded.get(a, a), folded.get(b, b)) for a, b in edges}


def _under(keys: Iterable[str], labels: Mapping[str, str], *, changed: bool) -> str:
    shown = [labels[key] for key in keys if labels.get(key)]
    return "; ".join(dict.fromkeys(shown)) or ("changed" if changed else "")


def _within(file: str, folder: str) -> bool:
    """Returns whether a file is in a folder itself, not below."""
    return file.rpartition("/")[0] == folder


def _depths(shown: Iterable[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    """Returns the distance of each folder from the folders that nothing calls. A cycle ends where it closes."""
    callers: dict[str, list[str]] = {}
    for called, caller in edges:
        callers.setdefault(called, []).append(caller)
    depths: dict[str, int] = {}

    def depth(path: str, way: frozenset[str]) -> int:
        if path not in depths:
            above = [depth(by, way | {path}) for by in callers.get(path, ()) if by not in way]
            depths[path] = 1 + max(above, default=-1)
        return depths[path]

    for path in sorted(shown):
        depth(path, frozenset({path}))
    return depths


def _columns(boxes: list[Box], edges: set[tuple[str, str]]) -> list[list[Box]]:
    """Returns the boxes by column, ordered by the places of their callers, so that few lines cross."""
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


def _place_column(column: int, members: list[Box], tallest: int) -> Iterable[tuple[int, int, Box]]:
    """Returns the places of the boxes of a column, centered."""
    x = _MARGIN + column * (_WIDTH + _SPACE)
    top = _MARGIN + (tallest - len(members)) * (_HEIGHT + _GAP) // 2
    for row, box in enumerate(members):
        yield x, top + row * (_HEIGHT + _GAP), box


def _edge(start: tuple[int, int], end: tuple[int, int], *, live: bool) -> Markup:
    (x1, y1), (x2, y2) = (start[0] + _WIDTH, start[1] + _HEIGHT // 2), (end[0], end[1] + _HEIGHT // 2)
    bend = max(30, (x2 - x1) // 2)
    curve = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return html('<path class="edge{live}" d="{curve}"/>', live=Markup(" live") if live else NOTHING, curve=curve)


def _shape(box: Box, x: int, y: int) -> Markup:
    kinds = (("stack", box.stack), ("touched", box.touched), ("changed", box.changed))
    label = box.label if len(box.label) <= _LETTERS else "…" + box.label[-_LETTERS + 1 :]
    middle = y + (18 if box.under else _HEIGHT // 2 + 5)
    under = html('<text class=under x="{x}" y="{y}">{text}</text>', x=x + 14, y=y + 35, text=text(box.under, 40))
    return html(
        '<g class="box {kinds}"><title>{title}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
        '<text x="{text_x}" y="{middle}">{label}</text>{under}</g>',
        kinds=" ".join(name for name, applies in kinds if applies),
        title=text(box.label, 200),
        x=x,
        y=y,
        width=_WIDTH,
        height=_HEIGHT,
        text_x=x + 14,
        middle=middle,
        label=text(label, _LETTERS + 3),
        under=under if box.under else NOTHING,
    )
