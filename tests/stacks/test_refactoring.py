"""`moved` and `removed` blocks are read from files, and reversed."""

from __future__ import annotations

from collections.abc import Mapping, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.trees import DictTree, inventory
from terrace.errors import BadInput
from terrace.hcl.addresses import parse_address, parse_reference, parse_resource
from terrace.hcl.syntax import attributes, blocks, head, line_of, parser, text_of, walk
from terrace.stacks.additions import NOTHING, Additions, Import, Move
from terrace.stacks.inventory import Inventory
from terrace.stacks.refactoring import find_forgotten, find_moves, reverse_moves

MAIN = "environments/prod/main.tf"
MODULE = 'module "m" {\n  source = "../../modules/m"\n}\n'


def moved(source: str, target: str) -> str:
    return f"moved {{\n  from = {source}\n  to   = {target}\n}}\n"


def found(files: Mapping[str, str]) -> frozenset[Move]:
    there = inventory(files)
    return find_moves(there, DictTree(files), there.of("prod"))


def forgotten(files: Mapping[str, str]) -> frozenset[str]:
    there = inventory(files)
    return find_forgotten(there, DictTree(files), there.of("prod"))


# --- reading -----------------------------------------------------------------------------------------------------


def test_the_moves_of_every_folder_that_is_reached_are_found_with_it() -> None:
    files = {
        MAIN: MODULE + moved('module.old["a.b"]', "module.m"),
        "modules/m/main.tf": moved("aws_vpc.a[0]", "aws_vpc.b") + "# moved { from = x.y, to = x.z }\n",
        "modules/other/main.tf": moved("aws_vpc.unreached", "aws_vpc.b"),
        "environments/dev/main.tf": moved("aws_vpc.elsewhere", "aws_vpc.b"),
    }
    assert found(files) == {
        Move("environments/prod", 'module.old["a.b"]', "module.m"),
        Move("modules/m", "aws_vpc.a[0]", "aws_vpc.b"),
    }


@pytest.mark.parametrize(
    "text",
    [
        'locals {\n  s = "moved { from = a.b }"\n}\n',
        "moved {\n  from = a.b\n}\n",
        'resource "moved" "x" {\n  from = a.b\n  to = a.c\n}\n',
        "",
    ],
)
def test_an_invalid_moved_block_is_ignored(text: str) -> None:
    assert found({MAIN: text}) == frozenset()


def test_moves_before_a_syntax_error_are_found() -> None:
    assert found({MAIN: moved("a.b", "a.c") + 'resource "a" {{{\n'}) == {Move("environments/prod", "a.b", "a.c")}


def test_only_removed_blocks_without_destroy_forget_resources() -> None:
    files = {
        MAIN: MODULE
        + "removed {\n  from = aws_sqs_queue.kept\n  lifecycle {\n    destroy = false\n  }\n}\n"
        + "removed {\n  from = aws_sqs_queue.gone\n  lifecycle {\n    destroy = true\n  }\n}\n"
        + "removed {\n  from = aws_sqs_queue.silent\n}\n",
        "modules/m/main.tf": "removed {\n  from = module.inner\n  lifecycle { destroy = false }\n}\n",
    }
    assert forgotten(files) == {"aws_sqs_queue.kept", "module.inner"}


# --- reverse moves -----------------------------------------------------------------------------------------------

PROD: Inventory = inventory({MAIN: MODULE, "modules/m/main.tf": ""})


def back(undone: Set[tuple[str, str]], kept: Set[tuple[str, str]] = frozenset()) -> set[tuple[str, str]]:
    def as_moves(pairs: Set[tuple[str, str]]) -> frozenset[Move]:
        return frozenset(Move("modules/m", source, target) for source, target in pairs)

    return {(m.source, m.target) for m in reverse_moves(as_moves(undone), as_moves(kept), PROD)}


def test_a_move_is_reversed_by_its_inverse_and_a_chain_step_by_step() -> None:
    assert back({("a", "b")}) == {("b", "a")}
    assert back({("a", "b"), ("b", "c")}) == {("b", "a"), ("c", "b")}


def test_moves_of_the_old_configuration_need_no_reverse_move() -> None:
    assert back({("a", "b")}, {("a", "b")}) == set()


def test_where_the_old_configuration_moves_something_to_the_same_place_its_chain_is_used() -> None:
    """Two moves to one place are an error of Terraform; a chain that leads there is none."""
    assert back({("a", "b"), ("b", "c")}, {("a", "b")}) == {("c", "a")}
    assert back({("b", "c")}, {("z", "a"), ("a", "b")}) == {("c", "z")}


def test_moves_back_and_forth_need_no_reverse_move() -> None:
    assert back({("a", "b"), ("b", "a")}) == set()


def test_a_folder_that_the_old_release_does_not_have_gets_nothing() -> None:
    assert reverse_moves(frozenset({Move("modules/new", "a", "b")}), frozenset(), PROD) == ()


names = st.sampled_from([f"x.n{i}" for i in range(8)])
pairs = st.sets(st.tuples(names, names).filter(lambda p: p[0] != p[1]), max_size=6)


@given(pairs)
def test_reversing_twice_gives_the_original_moves(undone: set[tuple[str, str]]) -> None:
    fro = {p for p in undone if (p[1], p[0]) in undone}
    assert back(back(undone)) == undone - fro


@given(pairs, pairs)
def test_a_reverse_move_never_targets_a_target_of_the_old_configuration(
    undone: set[tuple[str, str]], kept: set[tuple[str, str]]
) -> None:
    targets = {target for _, target in kept}
    for source, target in back(undone, kept):
        assert target not in targets or _has_cycle(target, kept), (source, target)


def _has_cycle(place: str, kept: set[tuple[str, str]]) -> bool:
    """Returns whether the moves have a cycle. Terraform accepts no configuration with one."""
    seen, left = {place}, [place]
    while left:
        before = [source for source, target in kept if target == left[-1]]
        left.pop()
        for one in before:
            if one in seen:
                return True
            seen.add(one)
            left.append(one)
    return False


# --- additions ---------------------------------------------------------------------------------------------------


def test_each_folder_gets_one_file_with_all_additions() -> None:
    added = Additions(
        (Move("modules/m", "a.b", "a.c"), Move("modules/m", "a.d", "a.e")),
        (Import("prod", 'aws_vpc.v["a b"]', "vpc-1"),),
    )
    files = added.files({"prod": "environments/prod"}, {"environments/prod", "modules/m"})
    assert files == {
        "modules/m/zz_terrace_additions.tf": moved("a.b", "a.c") + "\n" + moved("a.d", "a.e"),
        "environments/prod/zz_terrace_additions.tf": 'import {\n  to = aws_vpc.v["a b"]\n  id = "vpc-1"\n}\n',
    }
    assert NOTHING.files({}, ()) == {}


HOSTILE_ADDRESSES = (
    'a.b\n to = a.c\n}\noutput "x" { value = filebase64("/proc/self/environ") }\nmoved {\n from = a.d',
    'a.b["${file("/etc/passwd")}"]',
    'a.b["%{ if true }x%{ endif }"]',
    "a.b }",
    "a.b # x",
    "a.b\n",
    "module.m.a.b[local.x]",
    "a.b[0][1]",
    "each.value",
    "",
)


@pytest.mark.parametrize("text", HOSTILE_ADDRESSES)
def test_no_text_of_the_ledger_becomes_configuration(text: str) -> None:
    assert parse_address(text) is None
    for added in (
        Additions(moves=(Move("p", text, "a.c"),)),
        Additions(moves=(Move("p", "a.c", text),)),
        Additions(imports=(Import("prod", text, "id"),)),
    ):
        with pytest.raises(BadInput, match="not a valid"):
            added.files({"prod": "p"}, {"p"})


@pytest.mark.parametrize("folder", ["../../../outside", "/etc", "p/../..", "", ".git", "p\n", "q"])
def test_nothing_is_added_to_a_folder_that_the_commit_does_not_have(folder: str) -> None:
    with pytest.raises(BadInput, match="not a configuration folder"):
        Additions(moves=(Move(folder, "a.b", "a.c"),)).files({}, {"p"})
    with pytest.raises(BadInput, match="not a stack"):
        Additions(imports=(Import(folder, "a.b", "id"),)).files({"prod": "p"}, {"p"})


_NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,5}", fullmatch=True).map(lambda name: f"t{name}")
_KEYS = (
    st.just("")
    | st.integers(0, 999).map(lambda n: f"[{n}]")
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters='"\\$%'), max_size=5).map(
        lambda t: f'["{t}"]'
    )
)
_STEPS = st.builds(lambda n, k: f"module.{n}{k}", _NAMES, _KEYS)


@given(st.lists(_STEPS, max_size=2), st.sampled_from(["", "data."]), _NAMES, _NAMES, _KEYS)
def test_an_address_is_written_from_its_parts_as_it_was_read(
    steps: list[str], mode: str, kind: str, name: str, key: str
) -> None:
    text = ".".join((*steps, f"{mode}{kind}.{name}{key}"))
    found = parse_resource(text)
    assert found is not None
    assert str(found) == text
    assert not found.is_module
    if steps:
        module = parse_address(".".join(steps))
        assert module is not None
        assert module.is_module
        assert parse_resource(".".join(steps)) is None


@given(st.text(max_size=20) | st.text('ab.[]"\\${}% \n', max_size=20))
def test_every_valid_address_is_one_expression(text: str) -> None:
    found = parse_address(text)
    if found is None:
        return
    assert str(found) == text
    root = parser().parse(f"moved {{\n  from = {text}\n}}\n".encode()).root_node
    (block,) = blocks(root)
    assert [(name, text_of(value)) for name, value in attributes(block)] == [("from", text)]
    assert not root.has_error


def test_an_address_with_spaces_is_read_as_terraform_reads_it() -> None:
    assert str(parse_reference(' a . b [ "x . y" ] ')) == 'a.b["x . y"]'
    assert parse_reference("a.b # x") is None


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_id_breaks_out_of_its_quotes(id_: str) -> None:
    text = Additions(imports=(Import("prod", "a.b", id_),)).files({"prod": "p"}, {"p"})["p/zz_terrace_additions.tf"]
    root = parser().parse(text.encode()).root_node
    (block,) = blocks(root)
    assert head(block) == ("import", [])
    assert [name for name, _ in attributes(block)] == ["to", "id"]
    assert not root.has_error
    assert not [n for n in walk(root) if n.type == "template_interpolation"]


# --- syntax ------------------------------------------------------------------------------------------------------


def test_blocks_heads_attributes_and_lines_are_read_from_the_tree() -> None:
    root = parser().parse(b'a "b" c {\n  x = 1 # one\n  y {\n    z = "\xff"\n  }\n}\nd {}\n').root_node
    first, second = blocks(root)
    assert (head(first), head(second), line_of(second)) == (("a", ["b", "c"]), ("d", []), 7)
    assert [(name, text_of(value)) for name, value in attributes(first)] == [("x", "1")], "those of inner blocks apart"
    (inner,) = blocks(first)
    assert [text_of(value).encode("utf-8", "surrogateescape") for _, value in attributes(inner)] == [b'"\xff"']
    assert list(blocks(parser().parse(b"").root_node)) == []
