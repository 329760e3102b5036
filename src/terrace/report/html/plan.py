"""A plan in HTML: every change is a tile, by module and type; changes that may hurt are large and come first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from terrace.clouds.stateful import is_stateful
from terrace.plans.attribute_diff import is_exposing, resource_diff
from terrace.plans.model import MASKED, UNKNOWN, Action, Plan, ResourceChange
from terrace.plans.riskiest import GRAVE, riskiest_first
from terrace.plans.summaries import ACTIONS, describe_action
from terrace.report.diff_words import Extent, Row, change_rows, changed_outputs, output_rows, remarks
from terrace.report.html.markup import NOTHING, Markup, code, html, join, text, whole_line
from terrace.words import and_more, attribute_path

TILES = 1500
"""Small tiles that are drawn of one plan."""

LARGE = 60
"""Large tiles that are drawn of one plan."""

DETAILS = 200
"""Changes of one plan whose attributes are listed."""

UNFOLDED = 10
"""Changes of one plan that are unfolded, the riskiest."""

EXTENT = Extent(rows=40, characters=300, lines=60)
"""How much of one change is shown."""


def is_grave(change: ResourceChange) -> bool:
    """Returns whether a change removes a resource, may remove it, or stops managing it."""
    return change.action in (*GRAVE, Action.FORGET)


def plan_tiles(plan: Plan, rules: Mapping[str, tuple[str, ...]]) -> Markup:
    """Returns all changes of a plan as tiles. `rules` are the rules that block the change, by address."""
    changes = riskiest_first(plan.effective)
    large = [change for change in changes if is_grave(change)]
    large += [change for change in changes if not is_grave(change) and _is_notable(change, rules)]
    small = [change for change in changes if not is_grave(change) and not _is_notable(change, rules)]
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
    """Yields every change with its attributes, the riskiest first; those that may hurt are unfolded."""
    changes = riskiest_first(plan.effective)
    yield from (_detail(change, unfolded=number < UNFOLDED) for number, change in enumerate(changes[:DETAILS]))
    if more := and_more(len(changes) - DETAILS, "change"):
        yield html("<p class=soft>{more}: <code>terrace plan --full</code> has all.</p>", more=more)
    for output in changed_outputs(plan):
        words = ACTIONS[output.action]
        yield html(
            "<details open><summary>{tag} output {name}</summary><table class=diff>{rows}</table></details>",
            tag=_tag(words.word, words.sign),
            name=code(output.name),
            rows=join(map(_row, output_rows(output, EXTENT))),
        )


def _is_notable(change: ResourceChange, rules: Mapping[str, tuple[str, ...]]) -> bool:
    """Returns whether a rule blocks a change, or the change opens something."""
    return change.address in rules or is_exposing(change)


def _word(change: ResourceChange) -> tuple[str, str]:
    words = ACTIONS[change.action]
    return ("import", words.sign) if describe_action(change) == "import" else (words.word, words.sign)


def _large_tile(change: ResourceChange, rules: tuple[str, ...]) -> Markup:
    word, sign = _word(change)
    why = _why(change)
    opens = ", ".join(resource_diff(change).exposes)
    return html(
        '<li class="tile {word}"><span class=sign aria-hidden=true>{sign}</span>'
        "<span class=what>{word} {address}{why}{opens}{flag}</span>{data}</li>",
        word=word,
        sign=sign,
        address=code(change.shown_address),
        why=html(" <small>{why}</small>", why=why) if why else NOTHING,
        opens=html("<b class=flag>{opens}</b>", opens=opens) if opens else NOTHING,
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


def _detail(change: ResourceChange, *, unfolded: bool) -> Markup:
    rows = join(map(_row, change_rows(change, EXTENT)))
    notes = remarks(change)
    return html(
        "<details{open}><summary>{tag} {address}{said}</summary>{body}</details>",
        open=Markup(" open") if unfolded and rows else NOTHING,
        tag=_tag(*_word(change)),
        address=code(change.shown_address),
        said=html(" <small>{said}</small>", said=notes.strip()) if notes else NOTHING,
        body=html("<table class=diff>{rows}</table>", rows=rows)
        if rows
        else Markup("<p class=soft>No attribute is known, or none differs.</p>"),
    )


def _row(row: Row) -> Markup:
    if row.sign in (" ", "!"):
        kind = "soft" if row.sign == " " else "note"
        return html("<tr><td colspan=3 class={kind}>{text}</td></tr>", kind=kind, text=row.text)
    notes = join(html("<br><b class=note>{note}</b>", note=note) for note in row.notes)
    head = html("<th scope=row>{name}{notes}</th>", name=code(row.name, 200), notes=notes)
    if row.lines:
        lines = join((_line(sign, content) for sign, content in row.lines), Markup("\n"))
        return html("<tr>{head}<td colspan=2><pre>{lines}</pre></td></tr>", head=head, lines=lines)
    return html(
        "<tr>{head}{before}{after}</tr>", head=head, before=_cell(row.before, "was"), after=_cell(row.after, "will")
    )


def _line(sign: str, content: str) -> Markup:
    kind = {"+": "add", "-": "del"}.get(sign, "soft")
    return html("<span class={kind}>{sign} {content}</span>", kind=kind, sign=sign, content=whole_line(content))


def _cell(value: str, side: str) -> Markup:
    if not value:
        return html('<td class="{side} none">–</td>', side=side)
    hidden = {repr(UNKNOWN): "hatched", repr(MASKED): "masked"}.get(value)
    if hidden:
        return html('<td class="{side} {hidden}">{value}</td>', side=side, hidden=hidden, value=value.strip("()"))
    return html('<td class="{side}">{value}</td>', side=side, value=code(value))
