# Run: terraform -chdir=modules/service init && terraform -chdir=modules/service test

variables {
  name     = "shop-dev"
  replicas = 2
  tags     = {}
}

run "the_service_is_named_after_its_environment" {
  assert {
    condition     = output.name == "shop-dev-web" && output.replicas == 2
    error_message = "The service is ${output.name} with ${output.replicas} copies."
  }
}

run "no_copy_at_all_is_refused" {
  command = plan

  variables {
    replicas = 0
  }

  expect_failures = [var.replicas]
}
