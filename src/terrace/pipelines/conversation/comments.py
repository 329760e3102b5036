"""Commands in comments: each is read, checked against the rights of its author, executed, and gets one reply.

There are two passes. The first does everything that needs no credentials of an environment: reading, recording
decisions, releasing holds. The second does the rest where those credentials are, possibly in another run. Both can be
repeated with the same comment: nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from terrace.config.model import Config
from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.forge.author_permission import refusal
from terrace.forge.grammar import (
    PREFIX,
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
from terrace.forge.model import Change, Comment
from terrace.gates.approvals.people import People
from terrace.gates.model import Witness
from terrace.ledger import folds, kinds
from terrace.ledger.declared import withdrawals
from terrace.ledger.deployment import Deployment
from terrace.ledger.events.people import CommandTaken
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.approvals.pending import pending_handle
from terrace.pipelines.approvals.withdraw import withdraw
from terrace.pipelines.context import Context
from terrace.pipelines.conversation import decisions
from terrace.pipelines.conversation.chat import ChatContext, CommandResult, infer_role, refuse
from terrace.pipelines.deploy.deploy import deploy, resume
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.holds import hold
from terrace.pipelines.journal import append
from terrace.pipelines.recovery.attestations import required_people
from terrace.pipelines.rollback import rollback as rolling
from terrace.pipelines.rollback.destruction_target import orphaned_stacks, removed_environment_error
from terrace.pipelines.rollback.rollback import react
from terrace.pipelines.situation_after import current_situation
from terrace.report.markdown.ledger_page import environments, next_steps_list
from terrace.report.markdown.replies import Reply, commands
from terrace.report.orphans import orphan_line
from terrace.report.words import result_word
from terrace.stacks.model import Manual

PATIENCE = timedelta(hours=1)
"""Maximum age of a command: an older one that is found later was not meant for now."""


def hear(chat: ChatContext, comment: Comment) -> CommandResult | None:
    """Runs the first pass; returns None where the comment is not a command."""
    command = read_command(comment.text)
    if command is None or comment.machine:
        return None
    if isinstance(command, UnknownCommand):
        return refuse(f"No changes were made: {command.why}.", following=(command.hint, "/terrace help"))
    change = chat.talk.change(comment.number)
    why = refusal(command, comment, chat.talk.permission(comment.login), change)
    if why is not None:
        return refuse(f"No changes were made: {why}.")
    try:
        return _handle_command(chat, comment, command, change)
    except TerraceError as error:
        return refuse(f"No changes were made: {error.message}.", hint=error.hint)


def act(chat: ChatContext, comment: Comment) -> CommandResult | None:
    """Runs the second pass: what the first one left, where the credentials are. Returns None where it left nothing."""
    heard = hear(chat, comment)
    command = read_command(comment.text)
    if heard is None or not heard.left or not isinstance(command, Deploy | Rollback | Approve | Reject):
        return None
    context = chat.deployment_context(_name(chat.config, comment.login))
    if isinstance(command, Deploy | Rollback):
        history = context.ledger.read()
        taken = append(context.ledger, history, lambda current: _take(context, current, comment, command))
        if len(taken.events) == len(history.events):
            return _taken_before()
    return _run_action(context, lambda: _do(context, chat, comment, command))


def resume_environment(chat: ChatContext, person: str, environment: str) -> CommandResult:
    """Resumes the open deployment of an environment, for the person whose decision allows that."""
    context = chat.deployment_context(person)
    return _run_action(context, lambda: _resume(context, environment))


def _run_action(context: Context, do: Callable[[], Deployment | Refused]) -> CommandResult:
    """Runs an action and returns how it finished."""
    try:
        done = do()
        reacted = react(context, done)
    except TerraceError as error:
        return refuse(f"The command failed: {error.message}.", hint=error.hint)
    return _reply(done, reacted if isinstance(reacted, Deployment) else None)


def _resume(context: Context, environment: str) -> Deployment | Refused:
    deployment = folds.latest(context.ledger.read(), environment)
    if deployment is None:
        raise BadInput(f"no deployment is open in {environment}")
    return resume(context, deployment)


def _is_taken(history: History, comment: Comment) -> bool:
    return any(event.subject == comment.id for event, _ in history.of(CommandTaken))


def _taken_before() -> CommandResult:
    return refuse("This comment was already processed, and is not run again.", following=("/terrace status",))


def _take(context: Context, history: History, comment: Comment, command: Command) -> tuple[Draft, ...]:
    """Records that a comment is being processed, unless it was: two rollbacks are not the same as one."""
    if _is_taken(history, comment):
        return ()
    return (draft(CommandTaken(type(command).__name__.lower()), comment.id, context.actor),)


def _handle_command(chat: ChatContext, comment: Comment, command: Command, change: Change | None) -> CommandResult:
    if isinstance(command, Look):
        return _look(chat, comment, command, change)
    if isinstance(command, Explain):
        explanation = chat.explained(command.rule)
        if explanation is None:
            return refuse(f"There is no rule {command.rule}.", hint="the comment of the check lists its rules")
        return CommandResult(Reply(explanation))
    context = chat.audit_context(_name(chat.config, comment.login))
    try:
        chat.config.environment(command.environment)
    except BadInput as error:
        raise removed_environment_error(context.ledger.read(), chat.config, command.environment) or error from None
    if isinstance(command, Approve | Reject):
        return _record_decision(chat, context, comment, command)
    if isinstance(command, Withdraw):
        return _withdraw(chat, context, comment, command)
    if _is_taken(context.ledger.read(), comment):
        return _taken_before()
    if context.clock() - comment.at > PATIENCE:
        return refuse("No changes were made: the command is more than an hour old. Comment again to run it.")
    if isinstance(command, Unlock):
        append(context.ledger, context.ledger.read(), lambda current: _take(context, current, comment, command))
        people = required_people(chat.config.environment(command.environment))
        try:
            witness = Witness("comment", comment.id, str(comment.number), comment.login)
            hold(
                context,
                command.environment,
                command.why,
                kinds.ENVIRONMENT_UNHELD,
                people,
                at=comment.at,
                vouch=lambda _: witness,
            )
        except BadInput as error:
            return refuse(f"No changes were made: {error.message}.", hint=error.hint or "")
        return CommandResult(Reply(f"{command.environment} accepts deployments again.", following=("/terrace status",)))
    if isinstance(command, Deploy) and (change is None or not change.merged):
        return refuse(
            "No changes were made: only merged changes are deployed. Merge this one first, then comment again here."
            if change is not None
            else (
                "No changes were made: this is not a pull request. Comment on the merged pull request that is "
                "to be deployed."
            )
        )
    begun = (
        f"The deployment of this change to {command.environment} has started"
        if isinstance(command, Deploy)
        else f"The rollback of {command.environment} to its last good release has started"
    )
    return CommandResult(Reply(f"{begun}. The result will be posted here."), left=command.environment)


def _look(chat: ChatContext, comment: Comment, command: Look, change: Change | None) -> CommandResult:
    if command.what == "help":
        return CommandResult(Reply("Available commands, one line in a comment:", block=commands(forms())))
    if command.what == "status":
        return _status(chat, chat.audit_context(_name(chat.config, comment.login)))
    if change is None:
        return refuse("No changes were made: this is not a pull request, so there is nothing to check.")
    run = chat.talk.again(change)
    if run is None:
        return refuse("No changes were made: no checks ran for this commit. Push another commit to start them.")
    return CommandResult(Reply(f"The checks run again and will update the comment with the plan: {run}"))


def _status(chat: ChatContext, context: Context) -> CommandResult:
    """Returns the deployed versions, and the commands that approve what is pending."""
    history = context.ledger.read()
    names = [environment.name for environment in chat.config.environments]
    waits = {name: pending_handle(context.policy, history, name) for name in names}
    lines = tuple(f"{PREFIX} approve {name} {handle}" for name, handle in waits.items() if handle)
    orphaned = _removed_stacks(context, history)
    situations = [current_situation(context, history, environment) for environment in chat.config.environments]
    block = "\n\n".join(part for part in (environments(history, names), next_steps_list(situations)) if part)
    return CommandResult(Reply("Deployed versions:", orphaned, lines, block=block))


def _removed_stacks(context: Context, history: History) -> tuple[str, ...]:
    """Returns the stacks that the protected branch no longer defines, or why its stacks are unknown."""
    tip = context.repository.protected_tip()
    try:
        context.survey(tip)
    except Interrupted:
        raise
    except TerraceError as error:
        return (f"the stacks of the protected branch are unknown: {error}",)
    return tuple(orphan_line(stack) for stack in orphaned_stacks(context.survey, tip, history))


def _record_decision(chat: ChatContext, context: Context, comment: Comment, command: Approve | Reject) -> CommandResult:
    person = People(chat.config).of_login(comment.login)
    if person is None:
        return refuse(
            "No changes were made: no person in terrace.yaml has this account.",
            hint=f"add to terrace.yaml: `people: {{NAME: {{login: {comment.login}}}}}`",
        )
    witness = Witness("comment", comment.id, str(comment.number), comment.login)
    why = command.why if isinstance(command, Reject) else ""
    answer: approving.Answer = "approve" if isinstance(command, Approve) else "reject"
    role = infer_role(chat.config, command.environment, person)
    word = approving.GivenDecision(answer, role, why, lambda _: witness, comment.at, command.handle)
    return decisions.answer(chat.talk, context, command.environment, witness, word)


def _withdraw(chat: ChatContext, context: Context, comment: Comment, command: Withdraw) -> CommandResult:
    person = People(chat.config).of_login(comment.login)
    if person is None:
        return refuse("No changes were made: no person in terrace.yaml has this account.")
    witness = Witness("comment", comment.id, str(comment.number), comment.login)
    if any(
        withdrawal.declared.witness == witness for withdrawal in withdrawals(context.ledger.read(), command.environment)
    ):
        return _taken_before()
    done = withdraw(context, command.environment, command.why, of=command.of, at=comment.at, vouch=lambda _: witness)
    if done.remaining:
        return CommandResult(
            Reply(
                f"Recorded. The rejection still blocks until another person withdraws it in {command.environment} too."
            )
        )
    return CommandResult(
        Reply(f"The rejection is withdrawn. {command.environment} accepts this commit when it is deployed again.")
    )


def _do(
    context: Context, chat: ChatContext, comment: Comment, command: Deploy | Rollback | Approve | Reject
) -> Deployment | Refused:
    match command:
        case Deploy(environment):
            change = chat.talk.change(comment.number)
            if change is None or not change.merged:
                raise BadInput("only merged changes are deployed")
            return deploy(context, environment, context.repository.resolve(change.merged), Manual(context.actor))
        case Rollback(environment, why):
            reason = why or f"requested at {comment.url}"
            return rolling.rollback(context, environment, to=None, reason=reason, agreed=frozenset())
        case Approve(environment) | Reject(environment):
            return _resume(context, environment)


def _reply(done: Deployment | Refused, reacted: Deployment | None) -> CommandResult:
    """Returns the reply: how it finished, or what it waits for."""
    if isinstance(done, Refused):
        reasons = tuple(f"{result.gate}: {result.reason}" for result in done.verdict.open)
        return refuse(f"{done.verdict.environment} does not accept {done.commit[:12]} now:", reasons)
    word = result_word(done)
    happened = f"Deployment {done.id} of {done.commit[:12]} to {done.environment}: {word}"
    if reacted is not None:
        happened += f"; rolled back by {reacted.id}: {result_word(reacted)}"
    return CommandResult(
        Reply(f"{happened}.", done.reasons or done.waiting, ("/terrace status",)), done=word == "succeeded"
    )


def _name(config: Config, login: str) -> str:
    """Returns the person in terrace.yaml who gives the command, or the account, which never matches a person there."""
    return People(config).of_login(login) or f"@{login}"
