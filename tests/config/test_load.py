"""Loading terrace.yaml: the values of its keys, and the reports of its problems."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.configuration import load
from terrace.checks import commits, naming, required_files
from terrace.checks.all import CHECKS
from terrace.checks.lock_file import PLATFORMS
from terrace.checks.module_docs import check as module_docs
from terrace.config.loosening import find_loosened_rules
from terrace.config.model import (
    ApprovalRule,
    CommandProbe,
    Config,
    DriftSettings,
    Environment,
    HttpProbe,
    IgnoreRule,
    Remediate,
    WaiverRules,
    policy_version,
)
from terrace.config.problems import BadConfig
from terrace.config.schema import json_schema

WHOLE = b"""
version: 1
environments:
  dev:
    deploy: automatic
    env: [AWS_PROFILE]
  staging:
    after: dev
    soak: 1h30m
    approvals: 2
    smoke:
      - {http: "https://example.com/", expect: 204, attempts: 5}
      - {run: [./smoke.sh, --fast], timeout: 1m}
  prod:
    after: staging
    approvals:
      roles: {security: 1, owners: 2}
      expires: 2h
      unsigned: true
    credentials:
      apply: {AWS_SECRET_ACCESS_KEY: env:PROD_KEY}
  test:
    deploy: manual
    approvals: {unsigned: false}
  last: {}
stacks:
  - {path: infra/net, environment: prod, after: [dns], var_files: [vars/prod.tfvars], backend_config: {key: net}}
teams: {security: [bob], owners: [ann, carol]}
people: {ann: {emails: [ann@example.com]}}
terraform: {binary: tofu, version: "~> 1.8", parallel: 3, lock_wait: 1m, init_timeout: 30m, plan_timeout: 0}
ledger: sqlite:ledger.db
backups: {url: "s3://bucket/states", key: "env:KEY"}
checks: {format: advisory, policy: {level: required, fail_on: high}, pinned: {fail_on: low}, fail_on: medium}
waivers: {longest: 90d}
audit: {every: 24h}
commits: {types: [feat], scopes: [net], subject: 50}
platforms: [linux_amd64]
not_stacks: [bootstrap, "legacy/*", ./]
required_files: {modules: [a.md], environments: [b.md]}
docs: {modules: all}
naming: {outputs: kebab-case, variables: "(?:in|out)_[a-z]+"}
branch: trunk
signers: a
remote: up
"""


def problems(text: str) -> list[str]:
    with pytest.raises(BadConfig) as caught:
        load(text.encode())
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def test_a_complete_file_is_read() -> None:
    config = load(WHOLE)
    dev, staging, prod, *_ = config.environments
    assert (dev.deploy, dev.after, dev.env) == ("automatic", None, ("AWS_PROFILE",))
    assert (staging.soak, staging.approvals) == (timedelta(minutes=90), ApprovalRule(count=2))
    assert staging.smoke == (
        HttpProbe("https://example.com/", expect=204, attempts=5),
        CommandProbe(("./smoke.sh", "--fast"), timeout=timedelta(minutes=1)),
    )
    assert prod.approvals == ApprovalRule(0, {"security": 1, "owners": 2}, timedelta(hours=2), unsigned=True)
    assert prod.credentials.apply == {"AWS_SECRET_ACCESS_KEY": "env:PROD_KEY"}
    (stack,) = config.stacks
    assert (stack.path, stack.name, stack.after, stack.backend_config) == ("infra/net", "net", ("dns",), {"key": "net"})
    assert (config.terraform.parallel, config.terraform.lock_wait) == (3, timedelta(minutes=1))
    assert config.terraform.init_timeout == timedelta(minutes=30)
    assert config.terraform.plan_timeout == timedelta(0), "no limit"
    assert config.terraform.state_timeout == timedelta(minutes=15)
    assert (config.level("format"), config.level("layout"), config.level("commits")) == (
        "advisory",
        "required",
        "advisory",
    )
    graded = [config.fails_on(name) for name in ("policy", "pinned", "format", "secrets")]
    assert graded == ["high", "low", "medium", "medium"]
    assert (config.level("policy"), config.level("pinned")) == ("required", "advisory")
    assert config.waivers == WaiverRules(timedelta(days=90))
    assert config.setting(PLATFORMS) == ("linux_amd64",)
    assert config.not_stacks == ("bootstrap", "legacy/*", ".")
    assert config.setting(required_files.SETTINGS) == required_files.RequiredFiles(("a.md",), ("b.md",))
    assert config.setting(module_docs.SETTINGS) == module_docs.ModuleDocs("all")
    assert config.setting(naming.SETTINGS) == naming.Naming(outputs="kebab-case", variables="(?:in|out)_[a-z]+")
    assert config.audit.every == timedelta(days=1)
    assert config.setting(commits.SETTINGS) == commits.CommitRules(("feat",), ("net",), 50)
    assert (config.branch, config.ledger, config.source) == ("trunk", "sqlite:ledger.db", "terrace.yaml")


def test_without_a_file_the_directories_are_in_promotion_order_and_the_last_one_requires_an_approval() -> None:
    config = load(b"", discovered=("prod", "dev", "staging"))
    assert [(e.name, e.after, e.approvals.count) for e in config.environments] == [
        ("dev", None, 0),
        ("staging", "dev", 0),
        ("prod", "staging", 1),
    ]
    assert all(e.deploy == "manual" for e in config.environments)
    assert config.source == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nenvironments:\n  dev:\n    aftr: x\n", "terrace.yaml:4:5: `aftr` is not a key"),
        ("version: 1\nenvironments:\n  dev:\n    aftr: x\n", "(hint: did you mean `after`?)"),
        ("version: 2\n", "terrace.yaml:1:10: expected `1`, found 2"),
        ("environments: {}\n", "`version` is missing"),
        ("version: 1\nenvironments: {dev: {soak: 15}}\n", "2:28: expected a duration"),
        ("version: 1\nenvironments: {dev: {approvals: '1'}}\n", "expected a whole number"),
        ("version: 1\nenvironments: {dev: {approvals: {owner: 1}}}\n", "there is no team 'owner'"),
        (
            "version: 1\nenvironments: {dev: {after: dve}}\n",
            "there is no environment 'dve' (hint: did you mean 'dev'?)",
        ),
        ("version: 1\nenvironments: {a: {after: b}, b: {after: a}}\n", "`after` forms a cycle: a → b → a"),
        (
            "version: 1\nenvironments: {dev: {deploy: on}}\n",
            "expected `manual` or `automatic`, found 'on'",
        ),
        ("version: 1\nenvironments: {dev: {windows: []}}\n", "does not support `windows` yet"),
        ("version: 1\nenvironments: {dev: {}, dev: {}}\n", "the key 'dev' is repeated, first at terrace.yaml:2:16"),
        ("version: 1\nenvironments: {'a b': {}}\n", "found 'a b'"),
        ("version: 1\nenvironments: {--help: {}}\n", "found '--help'"),
        ("version: 1\nledger: postgresql://x\n", "2:9: this version of Terrace does not support `postgresql://x` yet"),
        ("version: 1\nledger: svn\n", "expected `git`, or `sqlite:PATH` with a path inside the repository"),
        ("version: 1\nchecks: {fromat: off}\n", "2:10: `fromat` is not a key of checks (hint: did you mean `format`?)"),
        (
            "version: 1\nchecks: {fail_on: hihg}\n",
            "2:19: expected `info`, `low`, `medium`, `high` or `critical`, found 'hihg'",
        ),
        ("version: 1\nchecks: {format: {fails_on: high}}\n", "(hint: did you mean `fail_on`?)"),
        ("version: 1\nwaivers: {longest: 90}\n", "(hint: add the unit: `90s` or `90m`)"),
        ("version: 1\nbranch: !x main\n", "2:9: tags are not supported"),
        ("version: 1\n<<: {branch: x}\n", "2:1: merge keys are not supported"),
        ("version: 1\n? [a]\n: b\n", "2:3: a key must be text"),
        ("version: 1\nnull: b\n", "2:1: a key must be text (hint: quote it)"),
        ("%YAML 2.0\n---\nversion: 1\n", "invalid YAML"),
        ("version: 1\nbranch: a\0b\n", "2:10: invalid YAML: the character U+0000 is not allowed"),
        ('version: 1\n"\\e[31mx": 1\n', "2:1: `\\x1b[31mx` is not a key"),
        ("[" * 100_000, "1:22: the nesting is too deep"),
        ("{a: " * 20_000, "the nesting is too deep"),
        ("version: 1\n#" + "x" * (1 << 20), "terrace.yaml: the file has 1048588 bytes"),
        (
            "version: 1\nenvironments:\n  dev:\n",
            "3:3: expected a mapping with keys of an environment, found nothing",
        ),
        ("version: 1\nenvironments:\n  dev:\n", "(hint: an empty mapping is `{}`)"),
        (
            "version: 1\nterraform: {version: 1.10}\n",
            '2:22: expected a text, found 1.10 (hint: quote it: "1.10")',
        ),
        ("version: 1\nenvironments: {dev: {approvals: '1'}}\n", "(hint: remove the quotes)"),
        ("version: 1\nenvironments: {dev: {approvals: {unsigned: yes}}}\n", "(hint: write true)"),
        ("version: 1\nenvironments: {dev: {soak: 15}}\n", "(hint: add the unit: `15s` or `15m`)"),
        ("version: 1\nenvironments: {dev: {soak: 999999999999999999d}}\n", "expected a duration"),
        ("version: 1\nenvironments: {dev: {approvals: {expires: 0s}}}\n", "or `2d`, more than 0"),
        ("version: 1\nenvironments: {dev: {smoke: [{http: 'http://x', expect: 99}]}}\n", "from 100 to 599"),
        (
            "version: 1\nenvironments: {d: {}}\nstacks: [{path: a b, environment: d}]\n",
            "the directory name 'a b' cannot",
        ),
        ("version: 1\nenvironments: {dev: {credentials: {plan: {A: 'env:'}}}}\n", "found 'env:'"),
        (
            "version: 1\nenvironments: {d: {}}\nstacks: [{path: a, environment: d, backend_config: {token: x}}]\n",
            "token is named like a secret, and secrets do not belong in Git (hint: leave it out",
        ),
        ("version: 1\nstacks: [{path: ../x, environment: dev}]\n", "a path from the root of the repository"),
        ("version: 1\nx: &a 1\ny: *a\n", "anchors and aliases are not supported"),
        ("version: 1\n---\nversion: 1\n", "the file has a second document"),
        ("version: 1\nenvironments:\n\tdev: {}\n", "terrace.yaml:3:1: invalid YAML"),
        ("version: [1\n", "invalid YAML"),
        (
            "version: 1\nstacks:\n  - {path: a, outputs: [live/{1}/x]}\n",
            "invalid YAML: while parsing a flow sequence, expected ',' or ']', but got '{' (hint: quote a text that "
            'contains brackets: "live/{1}/api")',
        ),
        ("- 1\n", "expected a mapping with keys of terrace.yaml, found a list"),
        ("version: 1\nbackups: {key: secret}\n", "expected `env:NAME`"),
        (
            'version: 1\nnaming: {data: "(a+)+"}\n',
            "terrace.yaml:2:16: '(a+)+' cannot be used for names: it repeats a group",
        ),
        (
            "version: 1\npeople:\n  ann: {login: ann-gh}\n  bob: {login: Ann-GH}\n",
            "4:16: the account 'Ann-GH' of bob already belongs to ann: one person would count as two people",
        ),
        (
            "version: 1\npeople: {ann: {emails: [a@x.org]}, bob: {emails: [b@x.org, A@x.org]}}\n",
            "the email 'A@x.org' of bob already belongs to ann",
        ),
        ("version: 1\npeople: {ann: {emails: [bob]}, bob: {}}\n", "the name 'bob' of bob already belongs to ann"),
        ("version: 1\npeople: {ann: {}, Ann: {}}\n", "the name 'Ann' of Ann already belongs to ann"),
        ("version: 1\ndocs: {modules: none}\n", "expected `marked` or `all`"),
        (
            "version: 1\nenvironments: {dev: {credentials: {plan: {AWS_SECRET_ACCESS_KEY: abc}}}}\n",
            "secrets do not belong in Git",
        ),
    ],
)
def test_every_problem_is_reported_with_its_place(text: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(text)), problems(text)


def test_all_problems_are_reported_together_in_the_order_of_the_file() -> None:
    found = problems("version: 1\nenvironments:\n  dev: {soak: x}\n  prod: {afte: dev}\nbranhc: main\n")
    assert [p.split(" ")[0] for p in found] == ["terrace.yaml:3:15:", "terrace.yaml:4:10:", "terrace.yaml:5:1:"]


def test_unreadable_parts_do_not_hide_other_problems() -> None:
    found = problems("version: 1\nversion: 1\nbranch: &a main\nfoo: 1\n---\nledger: [\n")
    assert [p.split(" ")[0] for p in found] == [f"terrace.yaml:{n}:" for n in ("2:1", "3:9", "4:1", "5:1")]


@pytest.mark.parametrize("value", ["test", "testing", "fake", "env:PROD_KEY"])
def test_keys_of_an_emulated_cloud_are_allowed_in_git(value: str) -> None:
    text = f"version: 1\nenvironments: {{dev: {{credentials: {{plan: {{AWS_SECRET_ACCESS_KEY: '{value}'}}}}}}}}\n"
    assert load(text.encode()).environments[0].credentials.plan == {"AWS_SECRET_ACCESS_KEY": value}


def test_the_path_of_a_token_file_is_not_a_secret() -> None:
    text = b"version: 1\nenvironments: {dev: {credentials: {plan: {AWS_WEB_IDENTITY_TOKEN_FILE: /run/token}}}}\n"
    assert load(text).environments[0].credentials.plan == {"AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token"}


def test_the_stack_at_the_root_is_named_after_its_environment() -> None:
    (stack,) = load(b"version: 1\nenvironments: {prod: {}}\nstacks: [{path: ., environment: prod}]\n").stacks
    assert (stack.path, stack.name) == ("", "prod")


def test_a_duration_added_to_a_date_does_not_overflow() -> None:
    """Adding a soak time to any date must not overflow."""
    config = load(b"version: 1\nenvironments: {dev: {soak: 3650d}}\n")
    assert datetime(2099, 12, 31) + config.environments[0].soak
    assert "expected a duration" in problems("version: 1\nenvironments: {dev: {soak: 3651d}}\n")[0]


def test_without_a_file_environments_are_in_the_order_of_the_usual_names() -> None:
    found = load(b"", discovered=("prd", "uat", "sandbox", "zone", "stg")).environments
    assert [(e.name, e.after) for e in found] == [
        ("sandbox", None),
        ("uat", "sandbox"),
        ("stg", "uat"),
        ("prd", "stg"),
        ("zone", "prd"),
    ]


@pytest.mark.parametrize(
    ("discovered", "asked"),
    [
        (("prod",), ["prod"]),
        (("dev",), []),
        (("dev", "prod", "zone"), ["prod", "zone"]),
        (("prod-eu", "prod-us", "dev"), ["prod-eu", "prod-us"]),
        (("product", "zoo"), ["zoo"]),
    ],
)
def test_without_a_file_production_requires_an_approval_at_any_position(
    discovered: tuple[str, ...], asked: list[str]
) -> None:
    assert [e.name for e in load(b"# nothing yet\n", discovered=discovered).environments if e.approvals.count] == asked


def test_a_file_that_is_not_utf_8_is_reported_with_the_place() -> None:
    with pytest.raises(BadConfig, match=r"terrace\.yaml:2:9: the file is not UTF-8"):
        load(b"version: 1\nbranch: \xff\n")


@given(
    st.binary(max_size=200)
    | st.text(alphabet="version:1 envirodasphb-[]{}&*?|>!%@`\"'#,\n\t~", max_size=120).map(str.encode)
)
def test_any_bytes_are_a_configuration_or_a_reported_problem(text: bytes) -> None:
    try:
        assert isinstance(load(text), Config)
    except BadConfig as error:
        assert error.problems


@given(st.data())
def test_a_file_with_a_small_error_is_a_configuration_or_a_reported_problem(data: st.DataObject) -> None:
    """Near a right file lie the mistakes that people make: pieces that are lost, doubled, or of another kind."""
    lines = WHOLE.decode().splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        put = data.draw(
            st.sampled_from(["", "\t", ": ", "- ", "[", "}", "null", "1", "true", "*a", "&a ", "!!x ", "9" * 30])
        )
        keep = data.draw(st.sampled_from([lines[at][cut:], "", lines[at]]))
        lines[at] = lines[at][:cut] + put + keep
    try:
        assert isinstance(load("\n".join(lines).encode()), Config)
    except BadConfig as error:
        assert all(problem.place.line for problem in error.problems)


def test_the_schema_knows_every_key_of_the_whole_file() -> None:
    properties = json_schema(CHECKS)["properties"]
    assert {"version", "environments", "stacks", "teams", "people", "ledger"} <= properties.keys()
    environment = properties["environments"]["additionalProperties"]
    assert environment["additionalProperties"] is False
    assert "approvals" in environment["properties"]


def test_the_version_of_the_rules_changes_with_every_byte() -> None:
    versions = {
        policy_version(b"a", b"b", {}),
        policy_version(b"ab", b"", {}),
        policy_version(b"", b"ab", {}),
        policy_version(b"a", b"c", {}),
        policy_version(b"a", b"b", {"policies/a.rego": "1"}),
        policy_version(b"a", b"b", {"policies/a.rego": "2"}),
        policy_version(b"a", b"b", {"policies/b.rego": "1"}),
        policy_version(b"a", b"b", {"policies/a.rego": "1", "policies/b.rego": "1"}),
    }
    assert len(versions) == 8


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    after: staging\n", "", "prod no longer needs a successful deployment to staging first"),
        ("security: 1, ", "", "prod needs fewer approvals of the team security: 0 instead of 1"),
        ("soak: 1h30m", "soak: 5m", "staging needs a shorter soak time"),
        ("approvals: 2", "approvals: 1", "staging needs fewer approvals: 1 instead of 2"),
        ("expires: 2h", "expires: 9d", "approvals for prod stay valid for longer"),
        ("security: [bob]", "security: [bob, eve]", "approvals by eve count as approvals by the team security"),
        ("emails: [ann@example.com]", "emails: []", "some commits by ann are no longer recognized as theirs"),
        ("branch: trunk", "branch: other", "branch changes from trunk to other"),
        ("format: advisory", "format: off", "the check format goes from advisory to off"),
        ("expect: 204", "expect: 200", "a smoke test of staging is removed or changed"),
        ("env:PROD_KEY", "env:OTHER", "prod gets other credentials or variables"),
        ("sqlite:ledger.db", "git", "ledger changes from sqlite:ledger.db to git"),
        ("s3://bucket/states", "s3://other/states", "backups are stored elsewhere or encrypted with another key"),
        ("binary: tofu", "binary: ./tofu", "terraform.binary changes from tofu to ./tofu"),
        ("  last: {}\n", "  x: {}\n  last: {}\n", "x is new: its stacks are deployed by the rules of x alone"),
        ("[AWS_PROFILE]", "[AWS_PROFILE, TOKEN]", "dev gets other credentials or variables"),
        ("deploy: manual", "deploy: automatic", "new commits are deployed to test without a request by a person"),
        ("unsigned: false", "unsigned: true", "test accepts approvals without a signature"),
        ("  last: {}\n", "", "the environment last and its rules are removed"),
        ("after: [dns]", "after: []", "the stack infra/net of prod is no longer deployed after dns"),
        ("environment: prod", "environment: dev", "the stack infra/net of prod moves to dev"),
        (
            "[ann@example.com]",
            "[ann@example.com, eve@example.com]",
            "commits and approvals by eve@example.com count as commits and approvals by ann",
        ),
        (
            "docs: {modules: all}",
            "docs: {modules: marked}",
            "modules without markers no longer need module docs in their README",
        ),
        ("outputs: kebab-case", "outputs: any", "names of outputs are checked by 'any' instead of 'kebab-case'"),
        ("signers: a", "signers: b", "signers changes from a to b"),
        ("remote: up", "remote: down", "remote changes from up to down"),
    ],
)
def test_a_change_that_loosens_a_rule_is_reported(old: str, new: str, expected: str) -> None:
    text = WHOLE.decode()
    assert old in text
    assert find_loosened_rules(load(WHOLE), load(text.replace(old, new).encode())) == (expected,)


def test_neither_equal_nor_stricter_rules_are_reported() -> None:
    config = load(WHOLE)
    assert find_loosened_rules(config, config) == ()
    stricter = load(WHOLE.replace(b"approvals: 2", b"approvals: 3").replace(b"format: advisory", b"format: required"))
    assert find_loosened_rules(config, stricter) == ()


def test_drift_is_reverted_by_default_only_for_tags_and_only_where_no_approval_is_required() -> None:
    text = "version: 1\nenvironments: {dev: {}, staging: {after: dev}, prod: {after: staging}, live: {after: prod}}\n"
    found = {e.name: e.drift.remediate for e in load(text.encode()).environments}
    assert found["prod"] is found["live"] is None
    assert found["dev"] == found["staging"] == Remediate()
    assert set(Remediate().allow) == {"*"}


def test_drift_settings_are_read() -> None:
    text = """\
version: 1
environments:
  prod:
    drift:
      every: 30m
      ignore: [{address: "a.*", attributes: [size], owner: ann, reason: scaler, until: 2026-12-31}]
      remediate: {approvals: 1, allow: {aws_security_group: [ingress]}, at_most: 2, share: 10%}
  dev: {drift: {remediate: off}}
"""
    prod, dev = load(text.encode()).environments
    assert prod.drift == DriftSettings(
        every=timedelta(minutes=30),
        ignore=(IgnoreRule("a.*", "ann", "scaler", date(2026, 12, 31), ("size",)),),
        remediate=Remediate(ApprovalRule(1), {"aws_security_group": ("ingress",)}, 2, 10),
    )
    assert dev.drift.remediate is None


@pytest.mark.parametrize(
    ("drift", "place"),
    [
        ("{ignore: [{address: a, owner: ann, until: 2026-12-31}]}", "`reason` is missing"),
        ("{ignore: [{address: a, owner: ann, reason: x, until: 2026-02-30}]}", "a date like"),
        ("{ignore: [{address: a, owner: ann, reason: x, until: tomorrow}]}", "a date like"),
        ("{remediate: on}", "`off`"),
        ("{remediate: {share: 20}}", "a percentage like"),
        ("{remediate: {share: 0%}}", "a percentage like"),
        ("{remediate: {approvals: {owners: 1}}}", "there is no team 'owners'"),
    ],
)
def test_problems_of_drift_settings_are_reported(drift: str, place: str) -> None:
    with pytest.raises(BadConfig, match=place):
        load(f"version: 1\nenvironments: {{dev: {{drift: {drift}}}}}\n".encode())


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (DriftSettings(timedelta(hours=1)), DriftSettings(timedelta(hours=2)), "dev is checked for drift less often"),
        (DriftSettings(timedelta(hours=1)), DriftSettings(), "dev is checked for drift less often"),
        (
            DriftSettings(),
            DriftSettings(ignore=(IgnoreRule("a", "b", "c", date(2026, 1, 1)),)),
            "dev ignores drift of a",
        ),
        (DriftSettings(), DriftSettings(remediate=Remediate()), "drift of dev can be reverted without a deployment"),
        (
            DriftSettings(remediate=Remediate()),
            DriftSettings(remediate=Remediate(allow={"*": ("tags", "tags_all", "policy")})),
            "drift of policy of * in dev can be reverted without a deployment",
        ),
        (
            DriftSettings(remediate=Remediate()),
            DriftSettings(remediate=Remediate(at_most=9)),
            "drift of more resources of dev can be reverted together",
        ),
        (
            DriftSettings(remediate=Remediate(ApprovalRule(2))),
            DriftSettings(remediate=Remediate(ApprovalRule(1))),
            "dev needs fewer approvals: 1 instead of 2, to undo drift",
        ),
    ],
)
def test_checking_less_drift_or_reverting_more_of_it_is_looser(
    old: DriftSettings, new: DriftSettings, way: str
) -> None:
    before, after = (Config((Environment("dev", drift=one),)) for one in (old, new))
    assert find_loosened_rules(before, after) == (way,)


OUTSIDE = ("../x", "../../x.db", "/var/x.db", "a/../../x.db", "~/x.db", "~other/x", "..", "a/..", "./../x")


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_ledger_or_backups_outside_the_repository_are_refused(path: str) -> None:
    for key in (f"ledger: 'sqlite:{path}'", f"backups: {{url: '{path}'}}"):
        with pytest.raises(BadConfig, match="inside the repository"):
            load(f"version: 1\n{key}\n".encode())


@pytest.mark.parametrize("url", ["file:x", "file://x", "file://../x", "file://~/x"])
def test_a_file_url_must_be_absolute(url: str) -> None:
    with pytest.raises(BadConfig, match="file:///DIR"):
        load(f"version: 1\nbackups: {{url: '{url}'}}\n".encode())


@pytest.mark.parametrize("url", ["copies", "a/b..c/..d", ".git/copies", "file:///srv/copies", "s3://bucket/../x"])
def test_backups_are_stored_in_a_directory_of_the_repository_or_at_a_url(url: str) -> None:
    assert load(f"version: 1\nbackups: {{url: '{url}'}}\n".encode()).backups.url == url


@pytest.mark.parametrize("line", ["- &a {path: x, environment: dev}", "- *a", "- {<<: x, path: y, environment: dev}"])
def test_anchors_are_refused_with_a_hint_to_use_patterns(line: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(f"version: 1\nenvironments: {{dev: {{}}}}\nstacks:\n  {line}\n".encode())
    hints = [problem.hint for problem in caught.value.problems if problem.hint and "{1}" in problem.hint]
    assert len(hints) == 1


def test_data_of_policies_for_the_view_must_be_inside_their_directory() -> None:
    found = load(b"version: 1\npolicies: [{path: rules, data: [rules/data]}, other]\n", "terrace.yaml")
    assert (found.policies, found.view_data) == (("rules", "other"), {"rules": ("rules/data",)})
    with pytest.raises(BadConfig) as refused:
        load(b"version: 1\npolicies: [{path: rules, data: [rules2]}]\n", "terrace.yaml")
    assert "rules2 is not inside rules" in str(refused.value.problems[0])


@pytest.mark.parametrize("url", ["https://shop.example.com", "http://[::1]:8080/a_(b)?q=1#x", "https://a.example/%20"])
def test_an_environment_can_have_an_address(url: str) -> None:
    config = load(f"version: 1\nenvironments: {{dev: {{url: {json.dumps(url)}}}}}\n".encode())
    assert config.environment("dev").url == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example/",
        "https://user:secret@a.example/",
        "https://a.example/ x",
        "https://a.example/>",
        "https://a.example/|x",
        "https://",
        "${URL}",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(BadConfig, match="an http\\(s\\) address without a user name"):
        load(f"version: 1\nenvironments: {{dev: {{url: {json.dumps(url)}}}}}\n".encode())
