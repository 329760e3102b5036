"""What is kept of signatures is never an answer of another trust root, of another time, or of a broken moment."""

from __future__ import annotations

import pytest

from terrace.adapters.signature_cache import SignatureCache


class Verifier:
    """Says what it is told to say, and counts how often it is asked."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, signers: bytes, actor: str, signature: str, text: bytes) -> str | None:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_the_same_question_is_asked_once() -> None:
    verify = Verifier("SHA256:a")
    cache = SignatureCache(verify)
    assert [cache.fingerprint(b"bob ssh-ed25519 A", "bob", "s", b"t") for _ in range(3)] == ["SHA256:a"] * 3
    assert verify.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        (b"bob ssh-ed25519 B", "bob", "s", b"t"),
        (b"", "bob", "s", b"t"),
        (b"bob ssh-ed25519 A", "bo", "bs", b"t"),
        (b"bob ssh-ed25519 A", "bob", "st", b""),
        (b"bob ssh-ed25519 Ab", "ob", "s", b"t"),
    ],
    ids=["another key", "no key", "another person", "another text", "the same bytes, parted elsewhere"],
)
def test_whatever_decides_makes_another_question(other: tuple[bytes, str, str, bytes]) -> None:
    verify = Verifier("SHA256:a", "")
    cache = SignatureCache(verify)
    assert cache.fingerprint(b"bob ssh-ed25519 A", "bob", "s", b"t") == "SHA256:a"
    assert cache.fingerprint(*other) == ""
    assert cache.fingerprint(b"bob ssh-ed25519 A", "bob", "s", b"t") == "SHA256:a"


@pytest.mark.parametrize(
    "option",
    [b'valid-before="20300101"', b'Valid-After="20200101Z"', b"cert-authority", b'CERT-AUTHORITY,namespaces="t"'],
)
def test_a_key_that_is_valid_for_a_time_is_asked_anew_each_time(option: bytes) -> None:
    verify = Verifier("SHA256:a", "")
    cache = SignatureCache(verify)
    asked = b"bob " + option + b" ssh-ed25519 A", "bob", "s", b"t"
    assert [cache.fingerprint(*asked) for _ in range(2)] == ["SHA256:a", ""], "it has expired meanwhile"


def test_what_could_not_be_found_out_is_no_yes_and_is_asked_again() -> None:
    verify = Verifier(None, "SHA256:a")
    cache = SignatureCache(verify)
    assert [cache.fingerprint(b"bob k", "bob", "s", b"t") for _ in range(3)] == ["", "SHA256:a", "SHA256:a"]


def test_a_no_is_kept_too_so_that_a_flood_of_forged_signatures_costs_once() -> None:
    verify = Verifier("")
    cache = SignatureCache(verify)
    assert {cache.fingerprint(b"bob k", "bob", "s", b"t") for _ in range(9)} == {""}
    assert verify.asked == 1


def test_no_more_are_kept_than_may_be_and_the_newest_stay() -> None:
    verify = Verifier("SHA256:a")
    cache = SignatureCache(verify, most=3)
    for number in range(50):
        cache.fingerprint(b"bob k", "bob", "s", b"%d" % number)
        cache.fingerprint(b"bob k", "bob", "s", b"0")
    assert len(cache._kept) == 3
    before = verify.asked
    for number in (48, 49, 0):
        cache.fingerprint(b"bob k", "bob", "s", b"%d" % number)
    assert verify.asked == before
