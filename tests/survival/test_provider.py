"""The provider dies in the middle of an apply: the cloud may have obeyed, and nobody heard its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backends import S3, s3
from support.cloud import CloudWorkplace, cloud_workplace
from support.listening import Listener, listen_to
from support.processes import descendants

pytestmark = [pytest.mark.slow, pytest.mark.aws]


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[CloudWorkplace, Listener]]:
    with s3() as backend:
        assert isinstance(backend, S3)
        with listen_to(backend.aws) as (aws, listener):
            yield cloud_workplace(tmp_path, S3(aws)), listener


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_provider_that_dies_while_it_makes_something_leaves_an_unknown_outcome(
    heard: tuple[CloudWorkplace, Listener], moment: str
) -> None:
    place, listener = heard
    actor = place.stage.start("deploy", "dev", "--json")

    def strike() -> None:
        for one in descendants(actor.pid):
            if one.part == "provider":
                one.kill()

    setattr(listener, moment, strike)
    done = actor.ended()
    listener.before = listener.after = None
    assert done is not None
    assert place.made("0") == {"address": 1}, "its request was on its way"
    assert (done.code, done.json["result"]) == (1, "unknown"), done.out
    assert "the provider crashed during aws_eip.it" in done.json["reasons"][0]
    assert place.stage.run("deploy", "dev", "--json").json["result"] == "blocked"
    assert place.made("0") == {"address": 1}
