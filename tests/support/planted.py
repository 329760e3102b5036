"""Secrets made up at run time in the formats of real ones, and look-alikes. None of them stands in this repository."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid

_ALNUM = string.ascii_letters + string.digits
_BASE32 = string.ascii_uppercase + "234567"


def _some(chance: random.Random, letters: str, count: int) -> str:
    return "".join(chance.choice(letters) for _ in range(count))


def _base64(chance: random.Random, count: int) -> str:
    return base64.b64encode(chance.randbytes(count)).decode()


def _url64(chance: random.Random, count: int) -> str:
    return base64.urlsafe_b64encode(chance.randbytes(count)).decode().rstrip("=")


def _pem(chance: random.Random, kind: str) -> str:
    body = _base64(chance, 900)
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def _jwt(chance: random.Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": str(chance.randrange(10**9)), "name": "x"}]
    head = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
    return f"{head}.{_url64(chance, 32)}"


def _password(chance: random.Random) -> str:
    return _some(chance, string.ascii_lowercase, 5) + _some(chance, string.digits, 3) + chance.choice("!%&*")


def secrets(seed: int) -> dict[str, tuple[str, str, str]]:
    """What is planted: a name -> the kind it is, the file, and a text that holds it; every seed makes others."""
    c = random.Random(seed)
    account = json.dumps({"type": "service_account", "private_key": _pem(c, "") + "\n"}, indent=2)
    return {
        "aws access key": ("aws-access-key", "a.tf", f'access_key = "AKIA{_some(c, _BASE32, 16)}"'),
        "aws temporary key": ("aws-access-key", "a.sh", f"export AWS_ACCESS_KEY_ID=ASIA{_some(c, _BASE32, 16)}"),
        "aws secret key": ("aws-secret-key", "a.tf", f'secret_key = "{_base64(c, 30)}"'),
        "aws secret in the shell": ("aws-secret-key", "a.sh", f"export AWS_SECRET_ACCESS_KEY={_base64(c, 30)}"),
        "github token": ("github-token", "a.yml", f"token: ghp_{_some(c, _ALNUM, 36)}"),
        "github app token": ("github-token", "a.txt", f"see ghs_{_some(c, _ALNUM, 36)} there"),
        "github fine-grained": ("github-token", "a.md", f"github_pat_{_some(c, _ALNUM, 22)}_{_some(c, _ALNUM, 59)}"),
        "gitlab token": ("gitlab-token", "a.tf", f'x = "glpat-{_some(c, _ALNUM, 20)}"'),
        "rsa key": ("private-key", "a.pem", _pem(c, "RSA ")),
        "openssh key": ("private-key", "id", _pem(c, "OPENSSH ")),
        "ec key in a heredoc": ("private-key", "a.tf", f"key = <<EOT\n{_pem(c, 'EC ')}\nEOT"),
        "gcp service account": ("private-key", "a.json", account),
        "slack token": ("slack-token", "a.tf", f'x = "xoxb-{_some(c, string.digits, 11)}-{_some(c, _ALNUM, 24)}"'),
        "slack webhook": (
            "slack-webhook",
            "a.tf",
            f'url = "https://hooks.slack.com/services/T{_some(c, _BASE32, 9)}/B{_some(c, _BASE32, 9)}/'
            f'{_some(c, _ALNUM, 24)}"',
        ),
        "azure storage key": ("azure-storage-key", "a.tf", f'primary_access_key = "{_base64(c, 64)}"'),
        "azure connection": (
            "azure-storage-key",
            "a.tf",
            f'x = "DefaultEndpointsProtocol=https;AccountName=a;'
            f'AccountKey={_base64(c, 64)};EndpointSuffix=core.windows.net"',
        ),
        "azure service bus": (
            "azure-shared-key",
            "a.tf",
            f'x = "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=r;SharedAccessKey={_base64(c, 32)}"',
        ),
        "azure client secret": ("azure-client-secret", "a.tf", f'x = "{_some(c, _ALNUM, 3)}8Q~{_some(c, _ALNUM, 34)}"'),
        "google api key": ("google-api-key", "a.js", f'const k = "AIza{_some(c, _ALNUM, 35)}"'),
        "jwt": ("jwt", "a.tf", f'x = "{_jwt(c)}"'),
        "vault token": ("vault-token", "a.sh", f"vault login hvs.{_some(c, _ALNUM, 28)}"),
        "password": ("password", "a.tf", f'  admin_password = "{_password(c)}"'),
        "default of a variable": (
            "password",
            "v.tf",
            f'variable "db_password" {{\n  type    = string\n  default = "{_password(c)}"\n}}',
        ),
        "password in a map": ("password", "a.tf", f'  DB_PASSWORD = "{_password(c)}", OTHER = "x"'),
        "password in yaml": ("password", "a.yml", f"  password: {_password(c)}"),
        "password in a dotenv": ("password", ".env", f"DB_PASS={_password(c)}"),
        "environment of a container": ("password", "a.yml", f"- name: PGPASSWORD\n  value: {_password(c)}"),
        "container json": ("password", "a.json", f'{{"name": "DB_PASSWORD", "value": "{_password(c)}"}}'),
        "api key": ("secret", "a.tf", f'datadog_api_key = "{_some(c, "0123456789abcdef", 32)}"'),
        "client secret": ("secret", "a.tfvars", f'client_secret = "{_some(c, _ALNUM, 32)}"'),
        "database address": ("url-password", "a.tf", f'url = "postgres://app:{_some(c, _ALNUM, 12)}@db:5432/app"'),
        "sql connection": (
            "connection-string",
            "a.tf",
            f'x = "Server=tcp:a.database.windows.net;User Id=app;Password={_some(c, _ALNUM, 12)};Encrypt=True"',
        ),
    }


def look_alikes(seed: int) -> dict[str, tuple[str, str]]:
    """What must be passed over: a name -> the file and a text."""
    c = random.Random(seed)
    hashed = hashlib.sha256(c.randbytes(8)).hexdigest()
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + c.randbytes(4000)).decode()
    return {
        "uuid": ("a.tf", f'tenant_id = "{uuid.UUID(int=c.getrandbits(128))}"'),
        "git hash": ("a.tf", f'source = "git::https://example.com/m.git?ref={hashed[:40]}"'),
        "terraform lock": (".terraform.lock.hcl", f'  hashes = [\n    "h1:{_base64(c, 32)}",\n    "zh:{hashed}",\n  ]'),
        "npm lock": ("package-lock.json", f'"integrity": "sha512-{_base64(c, 64)}"'),
        "npm package": ("package-lock.json", '"node_modules/js-tokens": { "version": "4.0.0" }, "token": "^1.2.3"'),
        "go sum": ("go.sum", f"example.com/x v1.0.0 h1:{_base64(c, 32)}"),
        "python lock": ("requirements.lock", f"x==1.0 --hash=sha256:{hashed}"),
        "image": ("a.html", f'<img src="data:image/png;base64,{png}">'),
        "ssh public key": ("a.tf", f'public_key = "ssh-rsa {_base64(c, 279)} a@b"'),
        "certificate": ("a.pem", f"-----BEGIN CERTIFICATE-----\n{_base64(c, 600)}\n-----END CERTIFICATE-----"),
        "key header alone": ("a.md", "It starts with `-----BEGIN RSA PRIVATE KEY-----` and is secret."),
        "documented aws": ("a.tf", 'access_key = "AKIAIOSFODNN7EXAMPLE"'),
        "documented aws secret": ("a.tf", 'secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"'),
        "references": ("a.tf", 'password = var.db_password\n secret = data.x.y["z"]\n token = "${local.token1234}"'),
        "names of secrets": (
            "a.tf",
            'secret_name = "app-db-2024-x9"\n secret_arn = "arn:aws:secretsmanager:a:1:secret:b"',
        ),
        "ssm": (
            "a.tf",
            'password = "/prod/app1/db/password"\n token = "arn:aws:ssm:eu-west-1:123456789012:parameter/x"',
        ),
        "key vault": ("a.tf", 'DB_PASSWORD = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/db/1)"'),
        "key vault address": ("a.tf", 'client_secret = "https://v.vault.azure.net/secrets/db/1a2b3c4d5e6f7a8b"'),
        "rules of passwords": (
            "a.tf",
            'password_length = "16"\n minimum_password_length = 14\n token_ttl = "3600s1234"',
        ),
        "description": ("a.tf", 'description = "The password of the administrator, 16 characters"'),
        "placeholders": ("a.tf", 'password = "changeme"\n token = "<your-token-here1>"\n api_key = "xxxxxxxx1234"'),
        "emptiness": ("a.tf", 'password = ""\n secret = null\n token = "************"'),
        "type of a variable": ("a.tf", 'variable "db_password" {\n  type = string\n  sensitive = true\n}'),
        "kubernetes": ("a.yml", "valueFrom:\n  secretKeyRef:\n    name: app-secret\n    key: password"),
        "actions": ("ci.yml", "token: ${{ secrets.GITHUB_TOKEN }}\npassword: ${{ secrets.PASS }}"),
        "shell": ("a.sh", 'PASSWORD="$1"\nTOKEN=$(cat /run/secrets/token)\nSECRET="${SECRET:-}"'),
        "code": ("a.py", "password = getpass()\ntoken = os.environ['TOKEN']\nsecret = settings.secret_value"),
        "prose": ("README.md", "Set the password: it must have 12 characters. The token: see below."),
        "address without password": (
            "a.tf",
            'url = "https://user@example.com:8443/path"\n u = "ssh://git@example.com/x"',
        ),
        "address with a reference": (
            "a.tf",
            'url = "postgres://app:${var.password}@db/x"\n u = "http://u:$PASSWORD@h/"',
        ),
    }
