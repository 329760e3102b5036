"""What every rule of a check means, for whoever meets one: why it matters, how to fix it, how to do without."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.assess.factors import FACTORS
from terrace.config.naming import no_such


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, or one factor of the risk, in sentences. `waive` says how a team goes on without it, if it can."""

    name: str
    means: str
    why: str
    fix: str
    waive: str


_SCANNERS = (
    ("checkov", "what is not secure in sources and plans", "a `checkov:skip` comment that is on the protected branch"),
    ("trivy", "what is not secure in sources", "`.trivyignore`, or a `trivy:ignore` comment, on the protected branch"),
    ("tflint", "mistakes and deprecated syntax in sources", "`.tflint.hcl` on the protected branch"),
    ("gitleaks", "secrets in what commits add", "`.gitleaksignore` of the protected branch"),
    ("trufflehog", "secrets in what commits add", "a waiver"),
)
"""Scanners, what they look for, and by what one of their rules is waived."""


def _scanner(name: str, looks: str, waive: str) -> Rule:
    return Rule(
        name,
        f"{name} looks for {looks}; its rules are `{name}.ID`. By this name: it could not look, or not at everything.",
        "What was not looked at may hold anything; its own page says why each of its rules matters.",
        "Do what the finding says; `terrace tools list` shows which program is used, `terrace tools install` gets it.",
        f"By {waive}. Advisory unless `checks: {{{name}: required}}`; `off` does not look.",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "format",
        "A changed file is not written as `terraform fmt` writes it, or that could not be told.",
        "Differences of layout hide differences of meaning in a review.",
        "Run the command that the finding names; its diff is in the finding.",
        "`checks: {format: advisory}` tells it only, `off` does not look; `terrace waive` lets a file be.",
    ),
    Rule(
        "trust-root",
        "The change loosens the rules that judge changes: terrace.yaml, what it names, CODEOWNERS, or what CI runs.",
        "Whatever comes after it meets the weaker rules.",
        "Take it back, or have an owner merge it on its own.",
        "`checks: {trust-root: advisory}` of terrace.yaml tells it only; that is a loosening itself.",
    ),
    Rule(
        "layout",
        "Something in the layout of the repository could not be looked into, or there is no stack at all.",
        "What was not looked at may be part of the change, and is not judged.",
        "Do what the finding says at its place.",
        "It blocks only where there is no stack. `checks: {layout: advisory}` of terrace.yaml tells it only, `off` "
        "does not look.",
    ),
    Rule(
        "outside-files",
        "A function such as `file` reads outside of the repository, a link leads there, or Git LFS has a file.",
        "It runs with the rights of Terraform on the machine that plans: what it reads ends in the plan and the state.",
        "Take the file into the repository, or pass its content as a variable.",
        "`checks: {outside-files: advisory}` tells it only; `terrace waive` lets one place be. Reads of files that did "
        "not change, and paths that are known only when Terraform plans, are told and do not block.",
    ),
    Rule(
        "plan",
        "A stack that the change touches could not be planned.",
        "Nobody knows what the change does there.",
        "Mend what Terraform says at its place, and check again; what waits for another stack is planned after it.",
        "It cannot be waived: a stack without a plan is never applied.",
    ),
    Rule(
        "plan-complete",
        "Terraform planned a part only: it met an error, or put something off.",
        "What the plan leaves out was not looked at.",
        "Mend the error that Terraform tells, or apply what it waits for first.",
        "It cannot be waived: an incomplete plan is never applied.",
    ),
    Rule(
        "audit",
        "A stack that stands could not be looked at by `terrace check --all`.",
        "Nobody knows whether what is deployed there still meets the rules.",
        "Do what the finding says: end the deployment that goes on there, or bring the stack to a release.",
        "It cannot be waived: what was not looked at gives no evidence.",
    ),
    Rule(
        "shared-state",
        "Two stacks have one backend address, a stack takes over the state of another, or an address is not literal.",
        "Each would change and destroy what the other made, under the gates of its own environment only.",
        "Give each stack an address of its own, in its backend block or in `backend_config` of terrace.yaml.",
        "Nothing waives it: a deployment refuses such a stack whatever the check weighs.",
    ),
    Rule(
        "removed-output",
        "A change removes an output of a stack that another stack reads.",
        "The next plan of the other stack fails, or takes the default that it has for a missing value.",
        "Remove the use of the output first, and deploy that; or keep the output.",
        "`checks: {removed-output: advisory}` of terrace.yaml tells it only.",
    ),
    Rule(
        "policy",
        "A policy of the repository could not be run, or a folder that `policies` names holds none.",
        "What was not run has found nothing, and that says nothing about the change.",
        "Mend the policy at its place; `terrace policy test` runs its tests, `terrace policy input` shows its input.",
        "`checks: {policy: advisory}` of terrace.yaml tells it only; what a policy finds bears the name of the policy.",
    ),
    Rule(
        "not-covered",
        "Plans hold types of resources of a cloud that no policy looks at.",
        "That nothing is said about them says nothing about them.",
        "Write a policy for those that matter, and name them in `types` of its annotations.",
        "It never blocks.",
    ),
    Rule(
        "commits",
        "A commit's message is not written as Conventional Commits and `commits:` of terrace.yaml say.",
        "Change logs, versions and people in a hurry read nothing else.",
        "Write it anew: `git rebase -i`, then `reword`.",
        "Advisory unless `checks: {commits: required}`; `off` does not look.",
    ),
    Rule(
        "pinned",
        "A changed module leaves a version open: of Terraform, a provider, a registry module or a Git source.",
        "The same commit would be another infrastructure tomorrow.",
        "Name a version where the finding says; for Git a tag or a commit in `?ref=`.",
        "Advisory unless `checks: {pinned: required}`; `off` does not look; `terrace waive` lets one place be.",
    ),
    Rule(
        "lock-file",
        "A stack's dependency lock file is not committed, or does not know a provider or a platform.",
        "Without it whoever runs `init` gets whatever is newest, and no program is checked.",
        "Run `terraform providers lock -platform=...` in the stack's folder, and commit the file.",
        "Advisory unless `checks: {lock-file: required}`; `off` does not look; `terrace waive` lets one place be.",
    ),
    Rule(
        "unused",
        "A variable or local value that a module declares and nothing in it uses.",
        "People set it, and wonder why nothing happens.",
        "Remove it, or use it.",
        "Advisory unless `checks: {unused: required}`; `off` does not look; `terrace waive` lets one place be.",
    ),
    Rule(
        "required-files",
        "A changed module or stack lacks a file that `required_files:` of terrace.yaml asks for.",
        "A module without its page is read in its source, by everybody, each time.",
        "Add the file.",
        "Advisory unless `checks: {required-files: required}`; `off` does not look; `terrace waive` lets one place be.",
    ),
    Rule(
        "docs",
        "The page in a changed module's README is not what the module is, or that could not be told.",
        "Who calls the module reads the page, and gets what it does not say.",
        "`terrace docs generate`, or `terrace check --fix`; the diff is in the finding.",
        "Advisory unless `checks: {docs: required}`; `off` does not look. A README without markers is not looked at.",
    ),
    Rule(
        "naming",
        "A name in a changed file is not written as `naming:` of terrace.yaml says, or says its type twice.",
        "Addresses are read, searched and typed by everybody; one way of writing them is found at once.",
        "Rename it; for a resource or a module add a `moved` block, so that nothing is made anew.",
        "Advisory unless `checks: {naming: required}`; `off` does not look. `naming: {outputs: any}` frees one kind.",
    ),
    Rule(
        "deprecated",
        "A changed file has syntax or arguments of former days, or could not be read to the end.",
        "The next major version of Terraform or the provider refuses them, in the middle of something else.",
        "Write what the finding says.",
        "Advisory unless `checks: {deprecated: required}`; `off` does not look.",
    ),
    Rule(
        "secrets",
        "A commit of the change, or its message, holds what looks like a secret, though a later one may remove it.",
        "Whoever can read the repository has it, for as long as the commit exists.",
        "Revoke it where it is from, then write the commits anew without it.",
        "An entry of `.terrace/secrets.yaml` on the protected branch, with owner, reason and the day it ends.",
    ),
    Rule(
        "plan-secrets",
        "A plan holds what looks like a secret where nothing marks it as sensitive.",
        "It stands in the state, in logs and on screens, in clear.",
        "Refer to a secret store, and mark the variable `sensitive`.",
        "`checks: {plan-secrets: advisory}` of terrace.yaml tells it only; `terrace waive` lets one place be.",
    ),
    Rule(
        "volatile",
        "An attribute differs in every plan: `plantimestamp()`, `timestamp()`, `uuid()` or `bcrypt()` is in it.",
        "With `plantimestamp()` no deployment can apply what was approved; with the others the stack never settles.",
        "Use a `time_static` or `random_*` resource, or a variable.",
        "`volatile: {allow: [ADDRESS.ATTRIBUTE]}` of the environment in terrace.yaml; approvers see what is allowed.",
    ),
    Rule(
        "check-blocks",
        "A `check` block, a precondition, a postcondition or a validation does not pass, or cannot be evaluated.",
        "Terraform applies such a plan all the same, and says it in a warning only.",
        "See why the assertion does not hold.",
        "Advisory unless `checks: {check-blocks: required}`; `off` does not look.",
    ),
    Rule(
        "warnings",
        "Terraform or a provider warns: deprecated arguments, values for variables that are not declared, and more.",
        "The next major version refuses what is deprecated, and a value for no declared variable has no effect.",
        "Do what the warning says.",
        "Advisory unless `checks: {warnings: required}`; `off` does not look.",
    ),
    Rule(
        "skip-comment",
        "The change brings a comment that asks to let a rule through: `# terrace:ignore RULE why`, or a scanner's own.",
        "Whoever writes the source would judge it; who answers for it, and until when, would stand nowhere.",
        "Write the record that the finding shows, and have an owner merge it; or take the comment out.",
        "It never blocks. The comment waives nothing; a waiver at that place takes its finding away.",
    ),
    Rule(
        "waiver-expired",
        "The last day of a waiver, or of a record of the baseline, is over.",
        "What it waived speaks again, and nobody answers for it any more.",
        "Mend what it waived, or have its owner grant it anew; else take the record out.",
        "It holds a change only where what it waived was found; elsewhere it is told.",
    ),
    Rule(
        "waiver-ends",
        "A waiver, or a record of the baseline, ends within 14 days.",
        "After that day what it waives holds every change that meets it.",
        "Mend what it waives, or have its owner grant it anew.",
        "It never blocks.",
    ),
    Rule(
        "waiver-unused",
        "A look at everything found nothing that a waiver, or a record of the baseline, is about.",
        "A record that waits for a fault lets the next one through unseen.",
        "Take the record out; `terrace baseline` does it for those of the baseline.",
        "It never blocks.",
    ),
    Rule(
        "scanners",
        "Scanners that Terrace knows are not on this machine, and terrace.yaml says nothing about them.",
        "What they know was not looked at.",
        "`terrace tools install`, or weigh each in `checks:` of terrace.yaml; `off` says that it is not wanted.",
        "It never blocks.",
    ),
    *(_scanner(*told) for told in _SCANNERS),
)
"""Every rule that a finding can bear."""


def rules() -> dict[str, Rule]:
    """Rules and factors of the risk, by name."""
    factors = (
        Rule(
            factor.name,
            f"A factor of the risk: {factor.points} points for {factor.counts}, at most {factor.cap} in all.",
            f"{factor.why[0].upper()}{factor.why[1:]}.",
            "Make the change smaller, or the thing that is counted known; `terrace check --explain` names it.",
            "It blocks nothing, so there is nothing to waive.",
        )
        for factor in FACTORS
    )
    return {rule.name: rule for rule in (*RULES, *factors)}


def rule(name: str) -> Rule:
    """The rule of that name; of a scanner's, what stands for all of them. Raises BadInput with the nearest right name
    when there is none."""
    known = rules()
    scanner = name.partition(".")[0]
    if name not in known and scanner in {told[0] for told in _SCANNERS}:
        return known[scanner]
    if name not in known:
        raise no_such("rule", name, known)
    return known[name]
