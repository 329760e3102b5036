"""What stands in a state, in a backend or in a repository is never an option of Terraform."""

from __future__ import annotations

from datetime import timedelta

import pytest

from terrace.adapters.terraform import argv
from terrace.errors import BadInput


@pytest.mark.parametrize("text", ["-force", "--help", "-", "", "-lock=false", "a\0b"])
def test_an_address_or_a_lock_is_never_an_option(text: str) -> None:
    with pytest.raises(BadInput):
        argv.state_rm(text, timedelta(), files=())
    with pytest.raises(BadInput):
        argv.force_unlock(text, files=())


def test_a_file_is_never_an_option() -> None:
    for command in (argv.fmt_check(["-write=true"]), argv.fmt_diff("-write=true"), argv.fmt_write(["-chdir=/"])):
        assert command[-1].startswith("./-")


def test_addresses_and_ids_go_through_as_they_are() -> None:
    assert argv.state_rm('module.a["-x"].b.c[0]', timedelta(), files=())[-1] == 'module.a["-x"].b.c[0]'
    assert argv.force_unlock("6b7c9d5e-0000-4000-8000-1234567890ab", files=())[-1].startswith("6b7c")
