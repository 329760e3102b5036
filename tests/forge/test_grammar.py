"""What a comment asks for: one whole line, and nothing that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.forge.grammar import (
    Approve,
    Command,
    Deploy,
    Explain,
    Look,
    Reject,
    Rollback,
    UnknownCommand,
    Unlock,
    Withdraw,
    forms,
    read_command,
)

HASH = "1a2b3c4d" * 4

COMMANDS: dict[str, Command] = {
    "/terrace plan": Look("plan"),
    "/terrace check": Look("check"),
    "/terrace status": Look("status"),
    "/terrace help": Look("help"),
    "/terrace deploy dev": Deploy("dev"),
    "/terrace rollback prod": Rollback("prod"),
    "/terrace rollback prod the site is down": Rollback("prod", "the site is down"),
    "/terrace unlock prod looked into it": Unlock("prod", "looked into it"),
    f"/terrace approve prod {HASH}": Approve("prod", HASH),
    f"/terrace reject prod {HASH}": Reject("prod", HASH),
    f"/terrace reject prod {HASH} not today": Reject("prod", HASH, "not today"),
    f"/terrace withdraw prod {HASH} it was another plan": Withdraw("prod", HASH, "it was another plan"),
    "/terrace explain house.s3/public": Explain("house.s3/public"),
}


@pytest.mark.parametrize(
    "line",
    ["approve prod 1a2b3c4d", "reject prod 1a2b3c4d", "reject prod 1a2b3c4d not today", f"approve prod {HASH[1:]}"],
)
def test_a_short_handle_is_refused_with_a_hint(line: str) -> None:
    said = read_command(f"/terrace {line}")
    assert isinstance(said, UnknownCommand)
    assert (said.why, said.hint) == (
        "the hash is too short: the hash of pending plans has 32 digits",
        "/terrace status",
    )


@pytest.mark.parametrize("line", COMMANDS)
def test_a_line_is_a_command(line: str) -> None:
    for comment in (line, f"{line}\r\n", f"Looks good.\n\n{line}\nThanks!", f"```\nx\n```\n{line}  "):
        assert read_command(comment) == COMMANDS[line]


@pytest.mark.parametrize("line", COMMANDS)
def test_talk_about_a_command_is_none(line: str) -> None:
    for comment in (
        f"> {line}",
        f"    {line}",
        f" {line}",
        f"`{line}`",
        f"say {line}",
        f"```\n{line}\n```",
        f"~~~text\n{line}\n~~~",
        f"```\n{line}",
        f"```a`b\n```\n{line}\n```",
        f"````\n```\n{line}\n````",
        f"<!-- {line} -->",
        f"<!--\n{line}\n-->",
        f"<!--\n{line}",
        f"- {line}",
        f"/{line}",
    ):
        assert read_command(comment) is None, comment


@pytest.mark.parametrize(
    "line",
    [
        "/terrace",
        f"/terrace aprove prod {HASH}",
        "/terrace approve prod",
        f"/terrace approve prod {HASH} now",
        "/terrace approve prod 1A2B3C4D",
        "/terrace approve prod 1a2b3c4",
        f"/terrace approve  prod {HASH}",
        f"/terrace approve --yes {HASH}",
        "/terrace deploy prod; rm -rf /",
        "/terrace deploy ../prod",
        "/terrace unlock prod",
        "/terrace status please",
        "/terrace Status",
        "/Terrace status",
        "/terrace  status",
        "/terrace\tstatus",
    ],
)
def test_a_near_miss_is_told_how_it_is_written_and_does_nothing(line: str) -> None:
    found = read_command(line)
    assert isinstance(found, UnknownCommand)
    assert found.hint in (*forms(), "/terrace help")
    assert found.hint.startswith("/terrace ")


def test_two_commands_are_none() -> None:
    assert isinstance(read_command("/terrace status\n/terrace help"), UnknownCommand)


def test_help_tells_every_form() -> None:
    verbs = {line.split()[1] for line in COMMANDS}
    assert {form.split()[1] for form in forms()} == verbs


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    read_command(text)


@given(st.text(max_size=30), st.sampled_from(sorted(COMMANDS)))
def test_nothing_may_follow_an_approval_or_stand_before_a_command(text: str, line: str) -> None:
    assert read_command(f"x{text.replace(chr(10), '')}{line}") is None
    approval = read_command(f"/terrace approve prod {HASH}{text}")
    assert approval == Approve("prod", HASH) or not isinstance(approval, Approve)
    if isinstance(approval, Approve):
        assert text.split("\n")[0].strip(" \t\r") == ""
