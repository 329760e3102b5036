"""Signatures with real SSH keys: what proves who answered, and what does not."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from terrace.adapters.git.repository import GitRepository
from terrace.adapters.signatures import proof_of, signer
from terrace.errors import BadInput, NotReady
from terrace.gates.model import Subject
from terrace.gates.statement import Statement, statement_bytes
from terrace.ledger.folds import SignedApproval

SUBJECT = Subject("ledger", "prod", "prod/app", "c" * 40, "digest", "policy", "lineage")
SAID = Statement("bob", "security", "approve", (SUBJECT,), datetime(2026, 1, 5, 12, tzinfo=UTC), "looks right")


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    subprocess.run(["git", "init", "-q", tmp_path / "repository"], check=True)
    return GitRepository.around(tmp_path / "repository", cache=tmp_path / "cache")


def key(folder: Path, name: str, passphrase: str = "") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)
    return path


def allowed(*people: tuple[str, Path]) -> bytes:
    return b"".join(f"{name} ".encode() + Path(f"{path}.pub").read_bytes() for name, path in people)


def signed(repository: GitRepository, path: Path, said: Statement = SAID) -> SignedApproval:
    text = statement_bytes(said)
    return SignedApproval(
        "d1",
        said.actor,
        said.role,
        said.answer,
        said.subjects,
        said.at,
        said.comment,
        text.decode(),
        signer(repository, path)(text),
    )


def test_a_signature_proves_its_author_against_the_signers(repository: GitRepository, tmp_path: Path) -> None:
    bob, eve = key(tmp_path, "bob"), key(tmp_path, "eve")
    given = signed(repository, bob)
    assert proof_of(given, allowed(("bob", bob))) == "ssh"
    assert proof_of(given, allowed(("bob", eve))) == "invalid"
    assert proof_of(given, allowed(("eve", bob))) == "invalid"
    assert proof_of(given, b"") == "invalid"


def test_what_was_signed_must_be_what_the_event_says(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    given, signers = signed(repository, bob), allowed(("bob", bob), ("carol", bob))
    assert proof_of(replace(given, role="owner"), signers) == "invalid"
    assert proof_of(replace(given, answer="reject"), signers) == "invalid"
    assert proof_of(replace(given, actor="carol"), signers) == "invalid"
    assert proof_of(replace(given, comment="looks bad"), signers) == "invalid"
    assert proof_of(replace(given, subjects=(replace(SUBJECT, digest="other"),)), signers) == "invalid"
    assert proof_of(replace(given, statement=given.statement.replace("bob", "eve")), signers) == "invalid"


def test_a_pattern_among_the_signers_is_nobody(repository: GitRepository, tmp_path: Path) -> None:
    eve = key(tmp_path, "eve")
    assert proof_of(signed(repository, eve), allowed(("*", eve))) == "invalid"
    assert proof_of(signed(repository, eve, replace(SAID, actor="b*")), allowed(("b*", eve))) == "invalid"


def test_a_signature_for_something_else_is_none_of_ours(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    message = tmp_path / "message"
    message.write_bytes(statement_bytes(SAID))
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", bob, message], check=True, capture_output=True)
    given = replace(signed(repository, bob), signature=Path(f"{message}.sig").read_text())
    assert proof_of(given, allowed(("bob", bob))) == "invalid"


def test_who_has_no_key_answers_unsigned(repository: GitRepository) -> None:
    sign = signer(repository, None)
    assert sign(b"text") is None
    given = SignedApproval("d1", "bob", "", "approve", (SUBJECT,), SAID.at, "", "text", None)
    assert proof_of(given, b"") == "unsigned"


def test_the_key_that_git_signs_with_is_taken(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(bob))):
        subprocess.run(["git", "-C", repository.root, "config", name, value], check=True)
    text = statement_bytes(SAID)
    given = replace(signed(repository, bob), signature=signer(repository, None)(text))
    assert proof_of(given, allowed(("bob", bob))) == "ssh"


def test_a_key_that_is_not_there_or_locked_says_what_to_do(repository: GitRepository, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no key"):
        signer(repository, tmp_path / "nowhere")
    public = Path(f"{key(tmp_path, 'lonely')}.pub")
    (tmp_path / "lonely").unlink()
    with pytest.raises(NotReady, match="could not be signed") as caught:
        signer(repository, public)(b"text")
    assert "ssh-add" in (caught.value.hint or "")
