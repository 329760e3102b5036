"""Recall and precision of the search for secrets on 300 planted secrets and 300 look-alikes that no test knows.

The cases are as people write them: HCL in every form, JSON, tfvars, YAML, scripts, Dockerfiles. Each is a template in
which `@` is the secret, so that no secret is in this repository. Every line that is told is right or wrong.
"""

# ruff: noqa: E501

from __future__ import annotations

import hashlib
import random
import string
import sys
from collections.abc import Iterator

from terrace.checks.secrets.text import allows_bare, find_secrets

SEEDS = 5
PASSWORDS = "password"
TOKENS = "token"

PLANTED = [
    (PASSWORDS, "db.tf", 'resource "aws_db_instance" "a" {\n  engine   = "postgres"\n  password = "@"\n}'),
    (PASSWORDS, "db.tf", 'resource "aws_rds_cluster" "a" {\n  master_username = "admin"\n  master_password = "@"\n}'),
    (PASSWORDS, "v.tf", 'variable "db_password" {\n  type = string\n  validation {\n    condition     = length(var.db_password) > 8\n    error_message = "Too short."\n  }\n  default = "@"\n}'),
    (PASSWORDS, "v.tf", 'variable "settings" {\n  type = object({ host = string, password = optional(string, "@") })\n}'),
    (PASSWORDS, "v.tf", 'variable "users" {\n  default = {\n    ann = { role = "admin", password = "@" }\n  }\n}'),
    (PASSWORDS, "v.tf", 'variable "passwords" {\n  type    = list(string)\n  default = ["@"]\n}'),
    (TOKENS, "v.tf", 'variable "api_keys" {\n  default = {\n    prod = "@"\n  }\n}'),
    (TOKENS, "l.tf", 'locals {\n  tokens = {\n    github = "@"\n  }\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  db_password = sensitive("@")\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  db_password = coalesce(var.db_password, "@")\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  db_password = var.db_password != null ? var.db_password : "@"\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  db_password = try(var.settings.password, "@")\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  admin_password = lookup(var.passwords, "admin", "@")\n}'),
    (TOKENS, "l.tf", 'locals {\n  secret = base64encode("@")\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  env = merge(var.env, { DB_PASSWORD = "@" })\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  config = jsonencode({ user = "app", password = "@" })\n}'),
    (PASSWORDS, "ec2.tf", 'resource "aws_instance" "a" {\n  user_data = <<-EOT\n    #!/bin/bash\n    export DB_PASSWORD=@\n    ./run\n  EOT\n}'),
    (PASSWORDS, "ec2.tf", 'resource "aws_instance" "a" {\n  user_data = <<EOT\n#cloud-config\nchpasswd:\n  password: @\nEOT\n}'),
    (PASSWORDS, "ec2.tf", 'resource "aws_instance" "a" {\n  user_data = "#!/bin/bash\\nexport DB_PASSWORD=@\\n./run"\n}'),
    (PASSWORDS, "l.tf", 'locals {\n  password = <<-EOT\n    @\n  EOT\n}'),
    (TOKENS, "l.tf", 'locals {\n  file = <<EOT\n{\n  "client_secret": "@"\n}\nEOT\n}'),
    (PASSWORDS, "m.tf", 'module "db" {\n  source   = "./db"\n  password = "@"\n}'),
    (TOKENS, "p.tf", 'provider "datadog" {\n  api_key = "@"\n}'),
    (TOKENS, "p.tf", 'provider "cloudflare" {\n  api_token = "@"\n}'),
    (TOKENS, "b.tf", 'terraform {\n  backend "azurerm" {\n    access_key = "@"\n  }\n}'),
    (PASSWORDS, "h.tf", 'resource "helm_release" "a" {\n  set {\n    name  = "auth.password"\n    value = "@"\n  }\n}'),
    (PASSWORDS, "h.tf", 'resource "helm_release" "a" {\n  set = [{ name = "postgresql.auth.postgresPassword", value = "@" }]\n}'),
    (PASSWORDS, "ecs.tf", 'resource "aws_ecs_task_definition" "a" {\n  container_definitions = jsonencode([{\n    environment = [\n      { name = "PORT", value = "8080" },\n      { name = "DB_PASSWORD", value = "@" },\n    ]\n  }])\n}'),
    (PASSWORDS, "ssm.tf", 'resource "aws_ssm_parameter" "a" {\n  name  = "/app/db/password"\n  type  = "SecureString"\n  value = "@"\n}'),
    (PASSWORDS, "ssm.tf", 'resource "aws_ssm_parameter" "db_password" {\n  name  = "/app/db"\n  value = "@"\n}'),
    (TOKENS, "sm.tf", 'resource "aws_secretsmanager_secret_version" "a" {\n  secret_id     = aws_secretsmanager_secret.a.id\n  secret_string = "@"\n}'),
    (PASSWORDS, "kv.tf", 'resource "azurerm_key_vault_secret" "a" {\n  name  = "db-password"\n  value = "@"\n}'),
    (TOKENS, "kv.tf", 'resource "azurerm_key_vault_secret" "a" {\n  name  = "datadog"\n  value = "@"\n}'),
    (TOKENS, "app.tf", 'resource "azurerm_linux_web_app" "a" {\n  app_settings = {\n    "ApiKey" = "@"\n  }\n}'),
    (PASSWORDS, "fn.tf", 'resource "aws_lambda_function" "a" {\n  environment {\n    variables = { DB_PASS = "@" }\n  }\n}'),
    (PASSWORDS, "o.tf", 'output "db_password" {\n  value = "@"\n}'),
    (PASSWORDS, "c.tf", '# old: admin_password = "@"'),
    (PASSWORDS, "x.tf", 'resource "null_resource" "a" {\n  provisioner "remote-exec" {\n    connection {\n      password = "@"\n    }\n  }\n}'),
    (TOKENS, "dsn.tf", 'locals {\n  dsn = "postgres://app:@@db.internal:5432/app"\n}'),
    (PASSWORDS, "v.tf.json", '{\n  "variable": {\n    "db_password": {\n      "type": "string",\n      "default": "@"\n    }\n  }\n}'),
    (PASSWORDS, "main.tf.json", '{"resource": {"aws_db_instance": {"a": {"engine": "mysql", "password": "@"}}}}'),
    (TOKENS, "prod.tfvars.json", '{"api_keys": {"datadog": "@"}}'),
    (PASSWORDS, "values.json", '{"users": [{"passwords": ["@"]}]}'),
    (PASSWORDS, "task.json", '[{"environment": [{"value": "@", "name": "DB_PASSWORD"}]}]'),
    (PASSWORDS, "prod.tfvars", 'db_password = "@"'),
    (PASSWORDS, "prod.tfvars", 'passwords = {\n  dev  = "@"\n}'),
    (TOKENS, "prod.tfvars", 'api_tokens = [\n  "@",\n]'),
    (PASSWORDS, "values.yaml", "auth:\n  username: app\n  password: @"),
    (PASSWORDS, "values.yaml", 'env:\n  - name: DB_PASSWORD\n    value: "@"'),
    (PASSWORDS, "compose.yml", "environment:\n  - POSTGRES_PASSWORD=@"),
    (TOKENS, "ci.yml", "env:\n  API_TOKEN: @"),
    (PASSWORDS, ".env", "DATABASE_PASSWORD=@"),
    (TOKENS, ".env.prod", "export SECRET_KEY='@'"),
    (PASSWORDS, "Dockerfile", "ENV DB_PASSWORD=@"),
    (TOKENS, "deploy.sh", 'curl -H "x: y" --data "a" && TOKEN="@"'),
    (PASSWORDS, "app.properties", "spring.datasource.password=@"),
    (TOKENS, "app.py", 'client = Client(api_key="@")'),
    (TOKENS, "app.js", 'const config = { clientSecret: "@" };'),
    (TOKENS, "notes.md", 'Set `api_key = "@"` first.'),
    (PASSWORDS, "min.tf.json", '{"a": "' + "x" * 25_000 + '", "resource": {"x": {"y": {"password": "@"}}}}'),
]  # fmt: skip

PASSED_OVER = [
    ("v.tf", 'variable "db_password" {\n  type      = string\n  sensitive = true\n  description = "The password of the database, see the wiki."\n}'),
    ("v.tf", 'variable "password_length" {\n  default = "16"\n}'),
    ("v.tf", 'variable "password_policy" {\n  default = { minimum_length = "14", name = "strict-policy" }\n}'),
    ("l.tf", 'locals {\n  db_password = data.aws_ssm_parameter.db["app-@"].value\n}'),
    ("l.tf", 'locals {\n  db_password = lookup(var.passwords, "admin-@")\n}'),
    ("l.tf", 'locals {\n  db_password = var.stage == "prod-@" ? var.a : var.b\n}'),
    ("l.tf", 'locals {\n  password = random_password.a.result\n  token    = module.x.token\n}'),
    ("l.tf", 'locals {\n  secrets = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-@"]\n}'),
    ("l.tf", 'locals {\n  secret_names = ["app-@", "db-@"]\n}'),
    ("l.tf", 'locals {\n  tokens = [for k in ["a-@", "b-@"] : var.tokens[k]]\n}'),
    ("l.tf", 'locals {\n  api_keys = { for k, v in var.keys : "x-@" => v }\n}'),
    ("sm.tf", 'resource "aws_secretsmanager_secret" "db_password" {\n  name        = "app-@"\n  description = "Password: of app"\n}'),
    ("sm.tf", 'data "aws_secretsmanager_secret_version" "a" {\n  secret_id = "app/@"\n}'),
    ("kv.tf", 'resource "azurerm_key_vault_secret" "a" {\n  name         = "db-password"\n  value        = random_password.a.result\n  key_vault_id = "/subscriptions/@"\n}'),
    ("ssm.tf", 'resource "aws_ssm_parameter" "a" {\n  name  = "/app/db/host"\n  value = "db-@.internal"\n}'),
    ("kms.tf", 'resource "aws_kms_key" "token" {\n  key_usage = "ENCRYPT_DECRYPT"\n  tags = { id = "k-@" }\n}'),
    ("ecs.tf", 'secrets = [{ name = "DB_PASSWORD", valueFrom = "arn:aws:ssm:eu-west-1:1:parameter/@" }]'),
    ("k8s.tf", 'resource "kubernetes_deployment" "a" {\n  env {\n    name = "DB_PASSWORD"\n    value_from {\n      secret_key_ref {\n        name = "app-@"\n        key  = "password"\n      }\n    }\n  }\n}'),
    ("k8s.tf", 'image_pull_secrets = ["registry-credentials"]'),
    ("iam.tf", 'resource "aws_iam_access_key" "a" {\n  user    = "ci-@"\n  pgp_key = "keybase:ann"\n}'),
    ("ec2.tf", 'resource "aws_instance" "a" {\n  key_name  = "ops-@"\n  user_data = <<-EOT\n    export DB_PASSWORD=$(aws ssm get-parameter --name /db/@)\n    TOKEN=$TOKEN\n  EOT\n}'),
    ("t.tf", 'content = templatefile("x.tpl", { db_password = var.db_password, token_path = "/var/@" })'),
    ("o.tf", 'output "password_secret_arn" {\n  value = "arn:aws:secretsmanager:a:1:secret:@"\n}'),
    ("c.tf", "# The password: it is in the vault, under app-@."),
    ("c.tf", 'description = "Token for app-@, secret: no"'),
    ("x.tf.json", '{"variable": {"db_password": {"type": "string", "description": "id @"}}}'),
    ("x.tf.json", '{"resource": {"random_password": {"a": {"length": 24, "keepers": {"id": "@"}}}}}'),
    ("package-lock.json", '{"packages": {"node_modules/js-tokens": {"version": "4.0.0", "integrity": "sha512-@=="}}}'),
    ("task.json", '[{"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:a:1:parameter/@"}]}]'),
    ("events.json", '{"tokens": {"count": 12, "id": "@"}, "key": "@"}'),
    ("prod.tfvars", 'db_password_ssm = "/prod/@"\npassword_rotation = "30d"'),
    ("prod.tfvars", 'secret_name = "app-@"\ntoken_issuer = "https://issuer.example.com/@"'),
    ("values.yaml", "existingSecret: app-@\nsecretName: app-@\npasswordKey: db-password"),
    ("values.yaml", "password:\n  secretKeyRef:\n    name: app-@\n    key: password"),
    ("ci.yml", "env:\n  TOKEN: ${{ secrets.TOKEN }}\n  KEY_ID: @"),
    ("compose.yml", "environment:\n  - POSTGRES_PASSWORD_FILE=/run/secrets/@"),
    (".env", "DB_PASSWORD=${DB_PASSWORD}\nSECRET_ID=@"),
    ("Dockerfile", "ARG TOKEN\nENV IMAGE_DIGEST=@"),
    ("deploy.sh", 'PASSWORD="$(cat /run/@)"\nTOKEN="$1"'),
    ("app.properties", "spring.datasource.password=${DB_PASSWORD}\nbuild.id=@"),
    ("app.py", 'token = os.environ["TOKEN_@"]\npassword = get_secret("db-@")'),
    ("app.js", "const password = process.env.PASSWORD; const id = '@';"),
    ("app.go", 'token := client.Token("@")'),
    ("README.md", "| db_password | The password | `string` | n/a | yes |\n\nSee @."),
    ("README.md", "Set the token: see the wiki (@)."),
    ("a.rego", 'password_words := ["passwd", "token"]\nid := "@"'),
    ("x.tf", 'public_key = "ssh-rsa AAAA@ ann@example.com"'),
    ("x.tf", 'etag = "@"\nsource_hash = "@"'),
    ("x.tf", 'token_endpoint = "https://login.example.com/@/token"'),
    ("x.tf", 'resource "aws_cognito_user_pool_client" "a" {\n  explicit_auth_flows = ["ALLOW_USER_PASSWORD_AUTH"]\n  token_validity_units { access_token = "minutes" }\n}'),
    ("x.tf", 'resource "aws_db_instance" "a" {\n  manage_master_user_password   = true\n  master_user_secret_kms_key_id = "k-@"\n}'),
    ("x.tf", 'metadata_options { http_tokens = "required" }'),
    ("x.tf", 'variable "token" {\n  default = "REPLACE_ME"\n}'),
    ("x.tf", 'variable "password" {\n  default = "<set in CI>"\n}'),
    ("x.tf", 'locals {\n  password = file("${path.module}/secret-@.txt")\n}'),
    ("x.tf", 'locals {\n  password = format("%s-%s", var.a, var.b)\n}'),
    ("x.tf", 'locals {\n  password_hash = bcrypt(var.password)\n  token_name = "t-@"\n}'),
    ("x.tf", 'key_vault_secret_id = "https://v.vault.azure.net/secrets/db/@"'),
    ("x.tf", 'connection_string = azurerm_storage_account.a.primary_connection_string'),
    ("x.tf", 'tags = { owner = "secrets-team", cost = "c-@" }'),
]  # fmt: skip


def main() -> None:
    """Search, count, print; `--explain` names what is missed and what is wrong."""
    planted, quiet, missed, wrong = measured()
    if "--explain" in sys.argv:
        for path, text in missed:
            print("missed", path, repr(text[-200:]))
        for path, one in wrong:
            print("wrong", path, repr(one))
    right = planted - len(missed)
    print(f"{planted} planted, {quiet} look-alikes")
    print(f"recall {right / planted:.3f}   precision {right / (right + len(wrong)):.3f}")


def measured() -> tuple[int, int, list[tuple[str, str]], list[tuple[str, str]]]:
    """How many are planted, how many only look like one, what is missed, and what is told wrongly."""
    planted = list(_cases(PLANTED))
    quiet = list(_cases([(TOKENS, path, text) for path, text in PASSED_OVER]))
    missed: list[tuple[str, str]] = []
    wrong: list[tuple[str, str]] = []
    for path, text, secret in planted:
        told = _told(path, text)
        if not any(secret in one or (len(one) >= 6 and one in secret) for one in told):
            missed.append((path, text))
        wrong += [(path, one) for one in told if secret not in one and one not in secret]
    for path, text, _ in quiet:
        wrong += [(path, one) for one in _told(path, text)]
    return len(planted), len(quiet), missed, wrong


def _told(path: str, text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_secrets(text, bare=allows_bare(path), path=path)]


def _cases(templates: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for seed in range(SEEDS):
        chance = random.Random(f"corpus {seed}")
        for kind, path, template in templates:
            secret = _secret(chance, kind)
            first, at, rest = template.partition("@")
            # In an address the second one is the sign of the address.
            rest = rest if kind == PASSWORDS or rest.startswith("@") else rest.replace("@", secret)
            yield path, f"{first}{secret}{rest}" if at else template, secret


def _secret(chance: random.Random, kind: str) -> str:
    if kind == PASSWORDS:
        word = chance.choice(["Summer", "Winter", "Dragon", "Falcon", "Coffee", "Orange"])
        return f"{word}{chance.randrange(10, 9999)}{chance.choice(string.ascii_letters)}{chance.choice('!?+_')}"
    return hashlib.sha256(chance.randbytes(8)).hexdigest()[: chance.choice((24, 32, 40))]


if __name__ == "__main__":
    main()
