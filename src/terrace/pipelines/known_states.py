"""Whether a state is the one that the last deployment left, and whether a removed stack holds what a plan creates."""

from __future__ import annotations

from terrace.ledger.model import History
from terrace.ledger.removed_stacks import recreated_stack, removed_stacks
from terrace.ledger.states import Standing, standings
from terrace.plans.model import Action, Plan
from terrace.plans.terraform import StateSnapshot
from terrace.stacks.landscape import Landscape
from terrace.stacks.naming import shell_word
from terrace.watch.states import UNWRITTEN, judge


def wrong_state(history: History, environment: str, key: str, state: StateSnapshot) -> str:
    """Returns why a plan on this state may create everything again, with the way out; "" where the state is right."""
    known = standings(history).get(key) or Standing(key, environment)
    finding, reason = judge(known, state)
    if finding != "alarm":
        return ""
    accept = f"terrace state backup {shell_word(environment)} --accept {shell_word(key)}"
    if reason == UNWRITTEN:
        return f"{reason}: put the newer state back into the backend or import the objects; or accept it (`{accept}`)"
    return f"{reason}: bring it back (`terrace state restore {shell_word(key)}`), or say that it is right (`{accept}`)"


def recreated(history: History, here: Landscape, plan: Plan) -> str:
    """Returns the stack of the same environment that is gone at this commit and whose objects a plan creates again."""
    removed = removed_stacks(history, plan.stack.environment, {stack.key for stack in here.stacks})
    creations = [one.address for one in plan.changes if one.action is Action.CREATE and not one.importing]
    return recreated_stack(creations, removed)
