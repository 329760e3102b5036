package terrace.common.hard_coded_secret_test

import rego.v1

import data.terrace.common.hard_coded_secret
import data.terrace.testing

# Put together here, so that no search for secrets finds them in this file.
typed := concat("", ["Tr0ub", "4dor&3"])

made := concat("", ["9f8e7d6c5b", "4a39281706"])

test_fires if {
	testing.fails(hard_coded_secret.deny) with input as testing.one("aws_lambda_function", {"environment": [{"variables": {"DB_PASSWORD": typed}}]})
}

test_fires_2 if {
	testing.fails(hard_coded_secret.deny) with input as testing.one("azurerm_linux_web_app", {"app_settings": {"ApiKey": made}})
}

test_fires_3 if {
	testing.fails(hard_coded_secret.deny) with input as testing.one("aws_ecs_task_definition", {"container_definitions": json.marshal([{"name": "a", "environment": [{"name": "API_TOKEN", "value": made}]}])})
}

# The same value is sensitive elsewhere, and was hidden here.
test_fires_4 if {
	resource := object.union(
		testing.resource("aws_lambda_function", {"environment": [{"variables": {"DB_PASSWORD": {"sensitive": true}}}]}),
		{"unmarked": [["environment", 0, "variables", "DB_PASSWORD"]]},
	)
	testing.fails(hard_coded_secret.deny) with input as {"resources": [resource]}
}

test_silent if {
	testing.silent(hard_coded_secret.deny) with input as testing.one("azurerm_linux_web_app", {"app_settings": {"ApiKey": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/a)"}})
}

test_silent_2 if {
	testing.silent(hard_coded_secret.deny) with input as testing.one("aws_lambda_function", {"environment": [{"variables": {"DB_PASSWORD_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:x", "TOKEN": ""}}]})
}

test_silent_3 if {
	testing.silent(hard_coded_secret.deny) with input as testing.one("aws_db_instance", {"password": testing.secret, "manage_master_user_password": "true"})
}

test_silent_4 if {
	testing.silent(hard_coded_secret.deny) with input as testing.one("aws_x", {"secret_id": "db", "token": "${TOKEN}", "password": "x"})
}

# What is known only after apply was not written by anybody.
test_unknown_is_not_hard_coded if {
	testing.silent(hard_coded_secret.deny) with input as testing.one("aws_lambda_function", {"environment": [{"variables": {"DB_PASSWORD": testing.later}}]})
}

test_secret_is_not_printed if {
	every finding in hard_coded_secret.deny { not contains(finding.msg, "Tr0ub4dor") } with input as testing.one("aws_lambda_function", {"environment": [{"variables": {"DB_PASSWORD": typed}}]})
}
