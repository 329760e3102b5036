"""Approvals signed with the user's SSH key, and what a signature proves. `ssh-keygen -Y` does both."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from terrace.adapters.environ import for_children
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.process import run
from terrace.adapters.signature_cache import SignatureCache
from terrace.errors import BadInput, NotReady
from terrace.gates.approvals.declaration import read_declaration
from terrace.gates.approvals.statement import Statement, read_statement
from terrace.gates.model import Identity
from terrace.ledger.declared import Declared
from terrace.ledger.folds import SignedApproval

NAMESPACE = "terrace"
"""Signatures are made for it; one that was made for Git commits or files is none of ours."""

_SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,253}")
"""Names and emails that mean themselves: nothing that an option, a pattern or a list of signers is made of."""

_GOOD = re.compile(r"(?m) key (SHA256:[A-Za-z0-9+/=]+)$")
"""How `ssh-keygen -Y verify` ends what it says of a good signature."""

_KEY = re.compile(rb"(?<!\S)(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s+(\S+)")
"""The key of a line of signers, behind its options: its kind, and its text."""

UNSIGNED = Identity("unsigned")
INVALID = Identity("invalid")

_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-")
"""How Git's user.signingkey begins when it is a public key and not the path of one."""

Sign = Callable[[bytes], str | None]


def signer(repository: GitRepository, key: Path | None) -> Sign:
    """Returns the user's signer: with `key`, else with the SSH key that Git signs commits with, else none."""
    chosen = str(key.absolute()) if key is not None else _git_key(repository)
    if chosen is None:
        return lambda text: None
    if not chosen.startswith(_LITERAL) and not Path(chosen).is_file():
        named = "" if key is not None else ", which Git's user.signingkey names"
        raise BadInput(
            f"there is no key {chosen}{named}",
            hint="give the private key, or its .pub with the agent running: --key FILE",
        )
    return lambda text: _signed(chosen, text)


def identity_of(signed: SignedApproval, signers: bytes) -> Identity:
    """How the author of an approval is known, against these signers (in the format of ssh-keygen's allowed_signers).

    A signature counts only for a text that says, field by field, what the event says.
    """
    if signed.signature is None:
        return UNSIGNED
    try:
        spoken = read_statement(signed.statement)
    except BadInput:
        return INVALID
    told = Statement(
        signed.actor,
        signed.role,
        "approve" if signed.answer == "approve" else "reject",
        signed.subjects,
        signed.at,
        signed.comment,
        signed.named,
    )
    return _identity(signers, signed.actor, signed.signature, signed.statement) if spoken == told else INVALID


def identity_of_declaration(declared: Declared, signers: bytes) -> Identity:
    """How the author of a declaration is known, against these signers.

    A signature counts only for a text that says, field by field, what the event says.
    """
    if declared.signature is None:
        return UNSIGNED
    try:
        same = read_declaration(declared.statement) == declared.declaration
    except BadInput:
        return INVALID
    return _identity(signers, declared.declaration.actor, declared.signature, declared.statement) if same else INVALID


def has_signers(signers: bytes) -> bool:
    """Returns whether the signers contain any key."""
    return any(line.strip() and not line.strip().startswith(b"#") for line in signers.split(b"\n"))


def shared_keys(signers: bytes) -> tuple[tuple[str, ...], ...]:
    """The names that are given one key, for each key that has several names. They are one person to Terrace."""
    names: dict[bytes, list[str]] = {}
    for line in signers.split(b"\n"):
        words = line.strip().split(None, 1)
        if len(words) < 2 or words[0].startswith(b"#"):
            continue
        key = _KEY.search(words[1])
        if key is not None and b"cert-authority" not in words[1][: key.start()]:
            listed = words[0].strip(b'"').decode("utf-8", "replace").split(",")
            names.setdefault(key[1], []).extend(name for name in listed if name)
    return tuple(shared for given in names.values() if len(shared := tuple(dict.fromkeys(given))) > 1)


def _identity(signers: bytes, actor: str, signature: str, text: str) -> Identity:
    if not _SIGNER.fullmatch(actor) or not signature.isascii():
        return INVALID
    key = _verified(signers, actor, signature, text.encode())
    return Identity("ssh", key) if key else INVALID


def is_signed(actor: str, text: bytes, signature: str | None, signers: bytes) -> bool:
    """Returns whether that person signed that text, according to these signers."""
    if signature is None or not signature.isascii() or not _SIGNER.fullmatch(actor):
        return False
    return bool(_verified(signers, actor, signature, text))


def _git_key(repository: GitRepository) -> str | None:
    """The user's signing key as ssh-keygen takes it: a path, or the text of a public key whose agent has the rest."""
    if repository.config("gpg.format") != "ssh":
        return None
    key = repository.config("user.signingkey")
    return os.path.expanduser(key) if key else None  # noqa: PTH111  (a key may be text and no path)


def _signed(key: str, text: bytes) -> str:
    with tempfile.TemporaryDirectory(prefix="terrace-sign-") as folder:
        path = key
        if key.startswith(_LITERAL):
            path = f"{folder}/key.pub"
            Path(path).write_text(key.removeprefix("key::") + "\n")
        message = Path(folder) / "statement"
        message.write_bytes(text)
        argv: list[str | Path] = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", path, message]
        # Without a terminal and without SSH_ASKPASS nothing can ask for a passphrase: it fails instead of hanging.
        done = run(
            argv, env={k: v for k, v in for_children().items() if k not in ("SSH_ASKPASS", "DISPLAY")}, timeout=60
        )
        signature = Path(f"{message}.sig")
        if done.code != 0 or not signature.is_file():
            said = done.message.splitlines() or ["ssh-keygen gave no reason"]
            raise NotReady(
                f"the answer could not be signed: {said[-1]}",
                hint="a key with a passphrase must be in the agent: ssh-add; or name another one: --key FILE",
            )
        return signature.read_text()


def _verified(signers: bytes, actor: str, signature: str, text: bytes) -> str:
    """The fingerprint of the key that made the signature; "" where it does not hold."""
    lines = _only(signers, actor)
    return _cache.fingerprint(lines, actor, signature, text) if lines else ""


def _asked(lines: bytes, actor: str, signature: str, text: bytes) -> str | None:
    """What `ssh-keygen` says of a signature; None where it was ended from outside. The fingerprint of a certificate is
    that of its key, so that two certificates of one key are one person's."""
    with tempfile.TemporaryDirectory(prefix="terrace-verify-") as folder:
        allowed = Path(folder) / "allowed_signers"
        allowed.write_bytes(lines)
        armoured = Path(folder) / "signature"
        armoured.write_text(signature)
        argv: list[str | Path] = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", actor]
        argv += ["-n", NAMESPACE, "-s", armoured]
        done = run(argv, stdin=text, timeout=60)
        if done.code < 0:
            return None
        found = _GOOD.search(os.fsdecode(done.out)) if done.code == 0 else None
        return found[1] if found is not None else ""


_cache = SignatureCache(_asked)


def _only(signers: bytes, actor: str) -> bytes:
    """The lines that name exactly this person, alone or in a list.

    For ssh-keygen the names are patterns, and `*` is everybody; here a name means itself, and a line with an
    exception (`!`) nobody. A line that was commented out stays out, whatever its list says.
    """
    wanted = actor.encode()
    lines = []
    for line in signers.split(b"\n"):
        words = line.strip().split(None, 1)
        if len(words) < 2 or words[0].startswith(b"#") or b"!" in words[0] or b"\r" in words[1]:
            continue
        if wanted in words[0].strip(b'"').split(b","):
            lines.append(wanted + b" " + words[1])
    return b"".join(line + b"\n" for line in lines)
