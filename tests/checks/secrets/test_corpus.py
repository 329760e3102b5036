"""Recall and precision of the search on the corpus of the benchmark, and speed where lines are very long."""

from __future__ import annotations

import base64
import runpy
from pathlib import Path

import pytest

from support.planted import secrets
from terrace.checks.secrets.text import allows_bare, find_secrets

CORPUS = Path(__file__).parents[3] / "benchmarks/leaks_corpus.py"
SECRET = "Tr0ub" + "4dor&3x"


def told(path: str, text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_secrets(text, bare=allows_bare(path), path=path)]


def test_recall_and_precision_on_the_corpus() -> None:
    planted, quiet, missed, wrong = runpy.run_path(str(CORPUS))["measured"]()
    assert planted >= 300 <= quiet
    right = planted - len(missed)
    assert right / planted >= 0.95, missed
    assert right / (right + len(wrong)) >= 0.98, wrong


@pytest.mark.parametrize(
    "text",
    [
        f'variable "db_password" {{\n  validation {{\n    condition = true\n  }}\n  default = "{SECRET}"\n}}\n',
        f"x {{\n  user_data = <<EOT\nexport DB_PASSWORD={SECRET}\nEOT\n}}\n",
        f'x {{\n  password = sensitive(coalesce(var.a, "{SECRET}"))\n}}\n',
        f'x {{\n  passwords = ["{SECRET}"]\n}}\n',
        f'x {{\n  note     = "über"\n  passwords = {{ "ä" = "{SECRET}" }}\n}}\n',
        f'passwords = ["{SECRET}"]\n',
    ],
)
def test_configuration_is_read_by_names_and_values(text: str) -> None:
    assert told("a.tf", f"# first\n{text}") == [SECRET]


@pytest.mark.parametrize("path", ["a.tf", "a.json", "a.yml"])
def test_a_secret_is_found_anywhere_in_a_line_of_any_length(path: str) -> None:
    for before in (100, 25_000, 400_000):
        line = f'{{"a": "{"x " * before}", "password": "{SECRET}", "b": "{"y" * before}"}}'
        assert told(path, line) == [SECRET]


def test_functions_that_do_not_pass_their_argument_on_hold_no_secret() -> None:
    text = 'x {\n  password = lookup(var.passwords, "admin-9f8e7d6c")\n  token = data.x.y["app-9f8e7d6c"].z\n}\n'
    assert told("a.tf", text) == []


def test_other_files_are_read_by_lines() -> None:
    kind, path, text = secrets(1)["password in yaml"]
    assert len(told(path, text)) == 1
    assert kind == "password"


HEX = "3e365b8d91c07f2a" * 2
PAIR = base64.b64encode(f"svc:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("path", "text", "secret"),
    [
        ("main.tf", f'provider "datadog" {{\n  app_key = "{HEX}5d1c9b04"\n}}\n', f"{HEX}5d1c9b04"),
        ("main.tf", f'x {{\n  token_key = "token-byluc:{HEX}"\n}}\n', f"token-byluc:{HEX}"),
        ("main.tf", f'x {{\n  secret_data = "{SECRET}-9f"\n}}\n', f"{SECRET}-9f"),
        ("main.tf", f'x {{\n  tunnel1_preshared_key = "{HEX}"\n}}\n', HEX),
        ("main.tf", f'x = [{{ name = "SECRET_KEY_BASE", value = "{HEX}" }}]\n', HEX),
        ("main.tf", f'x {{\n  url = "mysql://app:{SECRET}@${{var.host}}:3306/app"\n}}\n', SECRET),
        ("main.tf", f'provider "grafana" {{\n  auth = "admin:{SECRET}"\n}}\n', SECRET),
        ("main.tf", f'provider "grafana" {{\n  auth = "glsa_{HEX}_4a9cea9e"\n}}\n', f"glsa_{HEX}_4a9cea9e"),
        ("main.tf", f'x = {{ "ghcr.io" = {{ auth = "{PAIR}" }} }}\n', PAIR),
        ("main.tf", f'x = {{ Authorization = "Basic {PAIR}" }}\n', PAIR),
        ("app.py", f'MAILGUN_KEY = "key-{HEX}"\n', f"key-{HEX}"),
        ("main.tf", f'x = "https://events.pagerduty.com/integration/{HEX}/enqueue"\n', HEX),
        ("run.sh", f"mysql -u root -p{SECRET} -e 'select 1'\n", SECRET),
        ("run.sh", f"docker login -u acme -p {SECRET} registry.acme.io\n", SECRET),
        ("run.sh", f"curl -fsS -u admin:{SECRET} https://acme.io\n", SECRET),
        ("run.sh", f"echo 'deploy:{SECRET}' | sudo chpasswd\n", SECRET),
        ("main.tf", f"x {{\n  user_data = <<EOT\nchpasswd:\n  list: |\n    root:{SECRET}\nEOT\n}}\n", SECRET),
    ],
)
def test_passwords_of_commands_headers_and_providers_are_found(path: str, text: str, secret: str) -> None:
    assert any(secret in one or one in secret for one in told(path, text)), told(path, text)
    assert len(told(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.tf", f'x = {{ "checksum/secret" = "{HEX}{HEX}" }}\n'),
        ("values.yaml", f"checksum/secret: {HEX}{HEX}\n"),
        ("db.yaml", "db_password: ENC[AES256_GCM,data:Zm9vYmFyMTI=,iv:aXYxMjM0NTY3OA==,tag:dGFnMTIz,type:str]\n"),
        ("sealed.yaml", f"kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBT{HEX * 6}==\n"),
        (".env.example", "SLACK_TOKEN=" + "xoxb-" + "your-token-here\n"),
        ("run.sh", 'docker login -u acme -p "$TOKEN" acme.io\ncurl -u "$USER:$PASS" https://acme.io\n'),
        (
            "run.sh",
            "mysql -u root -p -e 'select 1'\nmysql -h db.acme.io -P 3306 --ssl-mode=REQUIRED\nssh -p 22022 acme.io\n",
        ),
        ("main.tf", 'x = { auth = "aws:assume-role", Authorization = "Basic ${var.pair}" }\n'),
        ("main.tf", 'x = { auth = "c2hvcnQgYW5kIHBsYWlu" }\n'),
        ("main.tf", "chpasswd:\n  list: |\n    root:RANDOM\n"),
    ],
)
def test_encrypted_values_hashes_and_placeholders_are_not_secrets(path: str, text: str) -> None:
    assert told(path, text) == []
