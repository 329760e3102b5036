"""Known and unknown facts about an environment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from terrace.config.model import Config, Environment
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import History
from terrace.pipelines.check.environment_facts import environment_facts
from terrace.plans.addresses import type_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LADDER = Config(
    environments=(Environment("dev"), Environment("staging", after="dev"), Environment("top", after="staging"))
)


def test_production_is_the_last_environment_or_has_that_name() -> None:
    found = environment_facts(LADDER, History(key=NO_KEY), ["dev", "staging", "top"], NOW)
    assert [found[name].production for name in found] == [False, False, True]
    several = Config(environments=(Environment("a"), Environment("prod"), Environment("b", protected=True)))
    found = environment_facts(several, History(key=NO_KEY), ["a", "prod", "b"], NOW)
    assert [found[name].production for name in found] == [False, True, True]


def test_where_nothing_was_deployed_it_is_the_first_and_nothing_else() -> None:
    found = environment_facts(LADDER, History(key=NO_KEY), ["dev"], NOW)["dev"]
    assert (found.drifted, found.deployed, found.types, found.idle) == (False, frozenset(), frozenset(), timedelta(0))


@pytest.mark.parametrize(
    "address", ["aws_vpc.main", "aws_vpc.main[0]", 'module.a["x.y"].aws_vpc.main', "module.a.module.b[1].aws_vpc.m"]
)
def test_the_type_in_an_address(address: str) -> None:
    assert type_of(address) == "aws_vpc"
