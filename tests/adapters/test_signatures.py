"""Signatures with real SSH keys: what proves who answered, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.waiting import until
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.signatures import identity_of, signer
from terrace.errors import BadInput, NotReady
from terrace.gates.approvals.statement import Statement, statement_bytes
from terrace.gates.model import Subject
from terrace.ledger.approvals import SignedApproval

pytestmark = pytest.mark.slow

SUBJECT = Subject("ledger", "prod", "prod/app", "c" * 40, "digest", "policy", "lineage")
SAID = Statement("bob", "security", "approve", (SUBJECT,), datetime(2026, 1, 5, 12, tzinfo=UTC), "looks right", "d1")
TEXT = statement_bytes(SAID)


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
        named=said.deployment,
    )


def test_a_signature_proves_its_author_against_the_signers(repository: GitRepository, tmp_path: Path) -> None:
    bob, eve = key(tmp_path, "bob"), key(tmp_path, "eve")
    given = signed(repository, bob)
    assert identity_of(given, allowed(("bob", bob))).proof == "ssh"
    assert identity_of(given, allowed(("bob", eve))).proof == "invalid"
    assert identity_of(given, allowed(("eve", bob))).proof == "invalid"
    assert identity_of(given, b"").proof == "invalid"


def test_what_was_signed_must_be_what_the_event_says(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    given, signers = signed(repository, bob), allowed(("bob", bob), ("carol", bob))
    assert identity_of(replace(given, role="owner"), signers).proof == "invalid"
    assert identity_of(replace(given, answer="reject"), signers).proof == "invalid"
    assert identity_of(replace(given, actor="carol"), signers).proof == "invalid"
    assert identity_of(replace(given, comment="looks bad"), signers).proof == "invalid"
    assert identity_of(replace(given, subjects=(replace(SUBJECT, digest="other"),)), signers).proof == "invalid"
    assert identity_of(replace(given, statement=given.statement.replace("bob", "eve")), signers).proof == "invalid"


def test_a_key_that_is_taken_away_proves_nothing_in_the_same_process(repository: GitRepository, tmp_path: Path) -> None:
    bob, new = key(tmp_path, "bob"), key(tmp_path, "new")
    given, before = signed(repository, bob), allowed(("bob", bob), ("carol", new))
    assert identity_of(given, before).proof == "ssh"
    for after in (allowed(("bob", new)), allowed(("carol", bob)), allowed(("carol", new)), b"# nobody\n", b""):
        assert identity_of(given, after).proof == "invalid"
    assert identity_of(given, before).proof == "ssh"
    expired = before.replace(b"bob ", b'bob valid-before="20200101" ', 1)
    assert identity_of(given, expired).proof == "invalid"


def test_a_pattern_among_the_signers_is_nobody(repository: GitRepository, tmp_path: Path) -> None:
    eve = key(tmp_path, "eve")
    assert identity_of(signed(repository, eve), allowed(("*", eve))).proof == "invalid"


@pytest.mark.parametrize(
    "line",
    [
        "#eve,bob {key}",
        "# bob {key}",
        "!bob,bob {key}",
        "b?b {key}",
        "bobby {key}",
        "Bob {key}",
        'bob namespaces="git" {key}',
        'bob valid-before="20200101" {key}',
        "bob",
        "carol {other} nothing\rbob {key}",
    ],
)
def test_a_line_that_does_not_name_somebody_for_us_names_nobody(
    repository: GitRepository, tmp_path: Path, line: str
) -> None:
    bob, other = key(tmp_path, "bob"), key(tmp_path, "other")
    texts = {"key": Path(f"{bob}.pub").read_text().strip(), "other": Path(f"{other}.pub").read_text().strip()}
    assert identity_of(signed(repository, bob), f"{line.format(**texts)}\n".encode()).proof == "invalid"


@pytest.mark.parametrize(
    "line", ["bob {key}", "  bob {key}\r", "carol,bob {key}", '"carol,bob" {key}', "#\n\nbob {key}"]
)
def test_a_line_may_name_somebody_in_several_ways(repository: GitRepository, tmp_path: Path, line: str) -> None:
    bob = key(tmp_path, "bob")
    text = Path(f"{bob}.pub").read_text().strip()
    assert identity_of(signed(repository, bob), f"{line.format(key=text)}\n".encode()).proof == "ssh"


def test_people_may_go_by_their_email(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    said = replace(SAID, actor="bob+ops@example.com")
    assert identity_of(signed(repository, bob, said), allowed(("bob+ops@example.com", bob))).proof == "ssh"


@pytest.mark.parametrize("actor", ["*", "b*", "-obob", "bob\neve", "bob,eve", "!bob", "bob eve", "", "#bob"])
def test_a_name_that_is_more_than_a_name_proves_nothing(repository: GitRepository, tmp_path: Path, actor: str) -> None:
    bob = key(tmp_path, "bob")
    signers = allowed(("bob", bob), ("*", bob)) + actor.encode() + b" " + Path(f"{bob}.pub").read_bytes()
    assert identity_of(signed(repository, bob, replace(SAID, actor=actor)), signers).proof == "invalid"


@pytest.mark.parametrize("signature", ["", "nonsense", "\ud800", "ü", "-----BEGIN SSH SIGNATURE-----\n"])
def test_what_is_no_signature_proves_nothing(repository: GitRepository, tmp_path: Path, signature: str) -> None:
    """Whoever can write into the ledger can write anything there; it must not stop anybody from reading."""
    bob = key(tmp_path, "bob")
    given = replace(signed(repository, bob), signature=signature)
    assert identity_of(given, allowed(("bob", bob))).proof == "invalid"


def test_a_signature_for_something_else_is_none_of_ours(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    message = tmp_path / "message"
    message.write_bytes(statement_bytes(SAID))
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", bob, message], check=True, capture_output=True)
    given = replace(signed(repository, bob), signature=Path(f"{message}.sig").read_text())
    assert identity_of(given, allowed(("bob", bob))).proof == "invalid"


def test_who_has_no_key_answers_unsigned(repository: GitRepository) -> None:
    sign = signer(repository, None)
    assert sign(b"text") is None
    given = SignedApproval("d1", "bob", "", "approve", (SUBJECT,), SAID.at, "", "text", None)
    assert identity_of(given, b"").proof == "unsigned"


def test_a_git_identity_that_signs_with_something_else_signs_nothing(repository: GitRepository) -> None:
    subprocess.run(["git", "-C", repository.root, "config", "user.signingkey", "ABCDEF"], check=True)
    assert signer(repository, None)(b"text") is None


@pytest.mark.parametrize("prefix", ["", "key::"])
def test_a_public_key_in_the_configuration_is_signed_with_by_the_agent(
    repository: GitRepository, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = key(tmp_path, "bob")
    public = Path(f"{bob}.pub").read_text().strip()
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", prefix + public)):
        subprocess.run(["git", "-C", repository.root, "config", name, value], check=True)
    with tempfile.TemporaryDirectory(prefix="agent") as folder:  # a socket's path must be short
        socket = f"{folder}/agent"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", socket)
            # The socket is there a moment before anybody listens: then `ssh-add` ends with 2, else with 0 or 1.
            asking = ["ssh-add", "-l"]
            until(lambda: subprocess.run(asking, capture_output=True, check=False).returncode != 2)
            subprocess.run(["ssh-add", "-q", bob], check=True)
            bob.unlink()
            given = replace(signed(repository, Path(f"{bob}.pub")), signature=signer(repository, None)(TEXT))
        finally:
            agent.terminate()
            agent.wait()
    assert identity_of(given, f"bob {public}\n".encode()).proof == "ssh"


def test_a_key_that_looks_like_text_is_still_a_file(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = key(tmp_path, "ssh-bob")
    monkeypatch.chdir(tmp_path)
    assert identity_of(signed(repository, Path("ssh-bob")), allowed(("bob", bob))).proof == "ssh"


def test_a_key_with_a_passphrase_that_nobody_can_be_asked_for_fails_and_says_so(
    repository: GitRepository, tmp_path: Path
) -> None:
    bob = key(tmp_path, "bob", passphrase="hunter2")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from terrace.adapters.git.repository import GitRepository\n"
        "from terrace.adapters.signatures import signer\n"
        "from terrace.errors import NotReady\n"
        "try:\n"
        "    signer(GitRepository.around(Path(sys.argv[1]), cache=Path(sys.argv[2])), Path(sys.argv[2]))(b'text')\n"
        "except NotReady as error:\n"
        "    print(error, error.hint)\n"
    )
    env = {k: v for k, v in os.environ.items() if k != "SSH_AUTH_SOCK"} | {"PYTHONPATH": os.pathsep.join(sys.path)}
    # In a session of its own it has no terminal, so that ssh-keygen has nobody to ask.
    done = subprocess.run(
        [sys.executable, "-c", code, repository.root, bob],
        env=env,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "has a passphrase, and there is no terminal to ask for it" in done.stdout
    assert "ssh-add" in done.stdout


def test_the_key_that_git_signs_with_is_taken(repository: GitRepository, tmp_path: Path) -> None:
    bob = key(tmp_path, "bob")
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(bob))):
        subprocess.run(["git", "-C", repository.root, "config", name, value], check=True)
    given = replace(signed(repository, bob), signature=signer(repository, None)(TEXT))
    assert identity_of(given, allowed(("bob", bob))).proof == "ssh"


def test_a_key_that_is_not_there_or_locked_says_what_to_do(repository: GitRepository, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no key"):
        signer(repository, tmp_path / "nowhere")
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(tmp_path / "nowhere"))):
        subprocess.run(["git", "-C", repository.root, "config", name, value], check=True)
    with pytest.raises(BadInput, match=r"user\.signingkey"):
        signer(repository, None)
    public = Path(f"{key(tmp_path, 'lonely')}.pub")
    (tmp_path / "lonely").unlink()
    with pytest.raises(NotReady, match="the agent does not have the private key") as caught:
        signer(repository, public)(b"text")
    assert "ssh-add" in (caught.value.hint or "")
