# Run: terraform -chdir=modules/naming init && terraform -chdir=modules/naming test

variables {
  project     = "shop"
  environment = "dev"
}

run "names_begin_with_project_and_environment" {
  command = plan

  assert {
    condition     = output.prefix == "shop-dev"
    error_message = "The prefix is ${output.prefix}."
  }
}

run "a_project_with_capital_letters_is_refused" {
  command = plan

  variables {
    project = "Shop"
  }

  expect_failures = [var.project]
}
