"""The changes of an apply by their state, from its plan and its log."""

from __future__ import annotations

from terrace.plans.apply_progress import LoggedChanges, apply_progress

PLANNED = (("update", "a.one"), ("replace", "a.two"), ("create", "a.three"), ("no-op", "a.moved"), ("forget", "a.out"))


def test_every_planned_change_has_the_state_that_the_log_gives_it() -> None:
    logged = LoggedChanges((("delete", "a.two"), ("create", "a.two")), (("update", "a.one"),))
    assert apply_progress(PLANNED, logged, whole=True).changes == {
        "completed": (("replace", "a.two"),),
        "failed": (("update", "a.one"),),
        "not_started": (("create", "a.three"),),
    }


def test_a_replacement_of_which_one_half_was_done_is_listed_as_two_changes() -> None:
    logged = LoggedChanges((("delete", "a.two"),), (("create", "a.two"),))
    assert apply_progress((("replace", "a.two"),), logged, whole=True).changes == {
        "completed": (("delete", "a.two"),),
        "failed": (("create", "a.two"),),
    }


def test_a_log_that_is_not_complete_does_not_say_what_was_not_started() -> None:
    logged = LoggedChanges((("update", "a.one"),), in_flight=(("create", "a.three"),))
    assert apply_progress(PLANNED, logged, whole=False).changes == {
        "completed": (("update", "a.one"),),
        "in_flight": (("create", "a.three"),),
    }


def test_logged_changes_that_no_plan_names_are_not_lost() -> None:
    logged = LoggedChanges((("create", "a.four"),), in_flight=(("delete", "a.five"),))
    assert apply_progress((), logged, whole=True).changes == {
        "completed": (("create", "a.four"),),
        "in_flight": (("delete", "a.five"),),
    }
