"""The picture of a plan: every change one tile, by module and type; what may hurt is large and comes first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from terrace.clouds.stateful import is_stateful
from terrace.plans.model import MASKED, UNKNOWN, Action, Plan, ResourceChange, Value
from terrace.plans.summaries import deed
from terrace.report.html.text import code, plural, text

TILES = 1500
"""Small tiles of one plan that are drawn; how many more there are is said."""

LARGE = 60
"""Large tiles of one plan."""

DETAILS = 200
"""Changes of one plan that are told attribute by attribute."""

ATTRIBUTES = 40
"""Attributes of one change that are told."""

WORDS = {
    Action.CREATE: ("create", "+"),
    Action.UPDATE: ("update", "~"),
    Action.REPLACE: ("replace", "±"),
    Action.DELETE: ("destroy", "−"),
    Action.FORGET: ("forget", "·"),
    Action.UNKNOWN: ("unknown", "?"),
    Action.NO_OP: ("move", "→"),
    Action.READ: ("read", "<"),
}

_RANK = (Action.DELETE, Action.REPLACE, Action.UNKNOWN, Action.FORGET, Action.UPDATE, Action.CREATE)


def riskiest_first(plan: Plan) -> list[ResourceChange]:
    """The changes that do something; what destroys what may hold data comes first."""
    return sorted(
        plan.effective,
        key=lambda c: (not (is_grave(c) and is_stateful(c.type)), _rank(c.action), c.module, c.address),
    )


def is_grave(change: ResourceChange) -> bool:
    """Whether something that is there goes away, or nobody knows."""
    return change.action in (Action.DELETE, Action.REPLACE, Action.UNKNOWN, Action.FORGET)


def picture(plan: Plan, marks: Mapping[str, tuple[str, ...]]) -> str:
    """All changes of a plan as tiles. `marks` are the rules that something is found by, by address: it shows."""
    changes = riskiest_first(plan)
    grave = [change for change in changes if is_grave(change)]
    grave += [change for change in changes if not is_grave(change) and change.address in marks]
    calm = [change for change in changes if not is_grave(change) and change.address not in marks]
    parts = []
    if grave:
        more = f"<li class=more>and {len(grave) - LARGE:,} more" if len(grave) > LARGE else ""
        tiles = "".join(_large(change, marks.get(change.address, ())) for change in grave[:LARGE])
        parts.append(f"<ul class=grave>{tiles}{more}</ul>")
    if calm:
        parts.append(f"<div class=modules>{''.join(_modules(calm))}</div>")
    if len(calm) > TILES:
        parts.append(f"<p class=soft>and {plural(len(calm) - TILES, 'more change')} that are not drawn.</p>")
    return "".join(parts)


def details(plan: Plan) -> Iterator[str]:
    """Change after change with its attributes, the riskiest first."""
    changes = riskiest_first(plan)
    for change in changes[:DETAILS]:
        yield _detail(change)
    if len(changes) > DETAILS:
        more = plural(len(changes) - DETAILS, "more change")
        yield f"<p class=soft>and {more}: <code>terrace plan</code> has all.</p>"
    for output in plan.outputs:
        if output.action is not Action.NO_OP:
            word, sign = WORDS[output.action]
            row = _row(f"output {output.name}", output.before, output.after)
            head = f"{_tag(word, sign)} output {code(output.name)}"
            yield f"<details><summary>{head}</summary><table class=diff>{row}</table></details>"


def _rank(action: Action) -> int:
    return _RANK.index(action) if action in _RANK else len(_RANK)


def _word(change: ResourceChange) -> tuple[str, str]:
    return ("import", "→") if deed(change) == "import" else WORDS[change.action]


def _large(change: ResourceChange, rules: tuple[str, ...]) -> str:
    word, sign = _word(change)
    data = "<b class=data>may hold data</b>" if is_stateful(change.type) and is_grave(change) else ""
    why = f" <small>{reason}</small>" if (reason := _why(change)) else ""
    flag = f"<b class=flag>⚑ {text(', '.join(rules), 200)}</b>" if rules else ""
    what = f"<span class=what>{word} {code(change.shown_address)}{why}{flag}</span>"
    return f'<li class="tile {word}"><span class=sign aria-hidden=true>{sign}</span>{what}{data}</li>'


def _why(change: ResourceChange) -> str:
    if change.replace_paths:
        forced = ", ".join(".".join(str(part) for part in path) for path in change.replace_paths[:4])
        return f"because {code(forced)} cannot be changed in place"
    return text(change.reason.replace("_", " ")) if change.reason else ""


def _modules(changes: Iterable[ResourceChange]) -> Iterator[str]:
    """One row a module, in it one group a type, in it one small tile a change."""
    by_module: dict[str, dict[str, list[ResourceChange]]] = {}
    for change in list(changes)[:TILES]:
        by_module.setdefault(change.module, {}).setdefault(change.type, []).append(change)
    for module, types in sorted(by_module.items()):
        groups = "".join(_group(name, members) for name, members in sorted(types.items()))
        yield f"<section><h5>{code(module) if module else 'root module'}</h5><div class=types>{groups}</div></section>"


def _group(name: str, members: list[ResourceChange]) -> str:
    tiles = "".join(_small(change) for change in members)
    return f"<figure><figcaption>{code(name, 60)} × {len(members)}</figcaption><div class=tiles>{tiles}</div></figure>"


def _small(change: ResourceChange) -> str:
    word, sign = _word(change)
    hatched = " hatched" if change.unknown and change.action is Action.UPDATE else ""
    return f'<span class="small {word}{hatched}" title="{word} {text(change.shown_address, 200)}">{sign}</span>'


def _tag(word: str, sign: str) -> str:
    return f'<span class="tag {word}">{sign} {word}</span>'


def _detail(change: ResourceChange) -> str:
    word, sign = _word(change)
    moved = f" <small>was {code(change.previous_address)}</small>" if change.previous_address else ""
    rows = "".join(_rows(change))
    body = (
        f"<table class=diff>{rows}</table>" if rows else "<p class=soft>Nothing of it is known, or nothing differs.</p>"
    )
    return f"<details><summary>{_tag(word, sign)} {code(change.shown_address)}{moved}</summary>{body}</details>"


def _rows(change: ResourceChange) -> Iterator[str]:
    before, after = _object(change.before), _object(change.after)
    forced = {str(path[0]) for path in change.replace_paths if path}
    hidden = {str(path[0]) for path in change.sensitive if path}
    names = [n for n in sorted(before.keys() | after.keys()) if n in hidden or before.get(n) != after.get(n)]
    names.sort(key=lambda n: n not in forced)
    for name in names[:ATTRIBUTES]:
        yield _row(name, before.get(name), after.get(name), forces=name in forced)
    if len(names) > ATTRIBUTES:
        yield f"<tr><td colspan=3 class=soft>and {plural(len(names) - ATTRIBUTES, 'more attribute')}</td></tr>"


def _object(value: Value) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _row(name: str, before: Value, after: Value, *, forces: bool = False) -> str:
    note = "<br><small>forces replacement</small>" if forces else ""
    return f"<tr><th scope=row>{code(name, 100)}{note}</th>{_cell(before, 'was')}{_cell(after, 'will')}</tr>"


def _cell(value: Value, side: str) -> str:
    if value is None:
        return f'<td class="{side} none">–</td>'
    if value is UNKNOWN:
        return f'<td class="{side} hatched">known after apply</td>'
    if value is MASKED:
        return f'<td class="{side} masked">sensitive</td>'
    shown = value if isinstance(value, str) else json.dumps(value, default=repr, ensure_ascii=False)
    return f'<td class="{side}">{code(shown, 300)}</td>'
