"""A plan in HTML: every change is a tile, by module and type; changes that may hurt are large and come first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from terrace.clouds.stateful import is_stateful
from terrace.plans.model import MASKED, UNKNOWN, Action, Plan, ResourceChange, Value
from terrace.plans.summaries import ACTIONS, deed
from terrace.report.html.markup import NOTHING, Markup, code, html, join, text
from terrace.words import and_more, attribute_path

TILES = 1500
"""Small tiles that are drawn of one plan."""

LARGE = 60
"""Large tiles that are drawn of one plan."""

DETAILS = 200
"""Changes of one plan whose attributes are listed."""

ATTRIBUTES = 40
"""Attributes of one change that are listed."""

_RANK = (Action.DELETE, Action.REPLACE, Action.UNKNOWN, Action.FORGET, Action.UPDATE, Action.CREATE)


def riskiest_first(plan: Plan) -> list[ResourceChange]:
    """Returns the changes of a plan; those that delete resources that may hold data come first."""
    return sorted(
        plan.effective,
        key=lambda c: (not (is_grave(c) and is_stateful(c.type)), _rank(c.action), c.module, c.address),
    )


def is_grave(change: ResourceChange) -> bool:
    """Returns whether a change removes a resource, or may remove it."""
    return change.action in (Action.DELETE, Action.REPLACE, Action.UNKNOWN, Action.FORGET)


def plan_tiles(plan: Plan, rules: Mapping[str, tuple[str, ...]]) -> Markup:
    """Returns all changes of a plan as tiles. `rules` are the rules that block the change, by address."""
    changes = riskiest_first(plan)
    large = [change for change in changes if is_grave(change)]
    large += [change for change in changes if not is_grave(change) and change.address in rules]
    small = [change for change in changes if not is_grave(change) and change.address not in rules]
    parts = []
    if large:
        more = and_more(len(large) - LARGE)
        parts.append(
            html(
                "<ul class=grave>{tiles}{more}</ul>",
                tiles=join(_large_tile(change, rules.get(change.address, ())) for change in large[:LARGE]),
                more=html("<li class=more>{more}", more=more) if more else NOTHING,
            )
        )
    if small:
        parts.append(html("<div class=modules>{modules}</div>", modules=join(_modules(small))))
    if more := and_more(len(small) - TILES, "change"):
        parts.append(html("<p class=soft>{more} are not drawn.</p>", more=more))
    return join(parts)


def plan_details(plan: Plan) -> Iterator[Markup]:
    """Yields every change with its attributes, the riskiest first."""
    changes = riskiest_first(plan)
    yield from map(_detail, changes[:DETAILS])
    if more := and_more(len(changes) - DETAILS, "change"):
        yield html("<p class=soft>{more}: <code>terrace plan</code> has all.</p>", more=more)
    for output in plan.outputs:
        if output.action is not Action.NO_OP:
            words = ACTIONS[output.action]
            yield html(
                "<details><summary>{tag} output {name}</summary><table class=diff>{row}</table></details>",
                tag=_tag(words.word, words.sign),
                name=code(output.name),
                row=_row(f"output {output.name}", output.before, output.after),
            )


def _rank(action: Action) -> int:
    return _RANK.index(action) if action in _RANK else len(_RANK)


def _word(change: ResourceChange) -> tuple[str, str]:
    words = ACTIONS[change.action]
    return ("import", words.sign) if deed(change) == "import" else (words.word, words.sign)


def _large_tile(change: ResourceChange, rules: tuple[str, ...]) -> Markup:
    word, sign = _word(change)
    why = _why(change)
    return html(
        '<li class="tile {word}"><span class=sign aria-hidden=true>{sign}</span>'
        "<span class=what>{word} {address}{why}{flag}</span>{data}</li>",
        word=word,
        sign=sign,
        address=code(change.shown_address),
        why=html(" <small>{why}</small>", why=why) if why else NOTHING,
        flag=html("<b class=flag>⚑ {rules}</b>", rules=text(", ".join(rules), 200)) if rules else NOTHING,
        data=Markup("<b class=data>may hold data</b>") if is_stateful(change.type) and is_grave(change) else NOTHING,
    )


def _why(change: ResourceChange) -> Markup:
    if change.replace_paths:
        paths = ", ".join(map(attribute_path, change.replace_paths[:4]))
        return html("because {paths} cannot be changed in place", paths=code(paths))
    return text(change.reason.replace("_", " ")) if change.reason else NOTHING


def _modules(changes: Iterable[ResourceChange]) -> Iterator[Markup]:
    """Yields a row for each module, in it a group for each type, in it a small tile for each change."""
    by_module: dict[str, dict[str, list[ResourceChange]]] = {}
    for change in list(changes)[:TILES]:
        by_module.setdefault(change.module, {}).setdefault(change.type, []).append(change)
    for module, types in sorted(by_module.items()):
        yield html(
            "<section><h5>{module}</h5><div class=types>{groups}</div></section>",
            module=code(module) if module else "root module",
            groups=join(_group(name, members) for name, members in sorted(types.items())),
        )


def _group(name: str, members: list[ResourceChange]) -> Markup:
    return html(
        "<figure><figcaption>{name} × {count}</figcaption><div class=tiles>{tiles}</div></figure>",
        name=code(name, 60),
        count=len(members),
        tiles=join(map(_small_tile, members)),
    )


def _small_tile(change: ResourceChange) -> Markup:
    word, sign = _word(change)
    return html(
        '<span class="small {word}{hatched}" title="{word} {address}">{sign}</span>',
        word=word,
        hatched=Markup(" hatched") if change.unknown and change.action is Action.UPDATE else NOTHING,
        address=text(change.shown_address, 200),
        sign=sign,
    )


def _tag(word: str, sign: str) -> Markup:
    return html('<span class="tag {word}">{sign} {word}</span>', word=word, sign=sign)


def _detail(change: ResourceChange) -> Markup:
    rows = join(_rows(change))
    previous = change.previous_address
    return html(
        "<details><summary>{tag} {address}{moved}</summary>{body}</details>",
        tag=_tag(*_word(change)),
        address=code(change.shown_address),
        moved=html(" <small>was {previous}</small>", previous=code(previous)) if previous else NOTHING,
        body=html("<table class=diff>{rows}</table>", rows=rows)
        if rows
        else Markup("<p class=soft>No attribute is known, or none differs.</p>"),
    )


def _rows(change: ResourceChange) -> Iterator[Markup]:
    before, after = _object(change.before), _object(change.after)
    forced = {str(path[0]) for path in change.replace_paths if path}
    hidden = {str(path[0]) for path in change.sensitive if path}
    names = [n for n in sorted(before.keys() | after.keys()) if n in hidden or before.get(n) != after.get(n)]
    names.sort(key=lambda n: n not in forced)
    for name in names[:ATTRIBUTES]:
        yield _row(name, before.get(name), after.get(name), forces=name in forced)
    if more := and_more(len(names) - ATTRIBUTES, "attribute"):
        yield html("<tr><td colspan=3 class=soft>{more}</td></tr>", more=more)


def _object(value: Value) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _row(name: str, before: Value, after: Value, *, forces: bool = False) -> Markup:
    return html(
        "<tr><th scope=row>{name}{note}</th>{before}{after}</tr>",
        name=code(name, 100),
        note=Markup("<br><small>forces replacement</small>") if forces else NOTHING,
        before=_cell(before, "was"),
        after=_cell(after, "will"),
    )


def _cell(value: Value, side: str) -> Markup:
    if value is None:
        return html('<td class="{side} none">–</td>', side=side)
    if value is UNKNOWN:
        return html('<td class="{side} hatched">known after apply</td>', side=side)
    if value is MASKED:
        return html('<td class="{side} masked">sensitive</td>', side=side)
    shown = value if isinstance(value, str) else json.dumps(value, default=repr, ensure_ascii=False)
    return html('<td class="{side}">{shown}</td>', side=side, shown=code(shown, 300))
