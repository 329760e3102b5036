# The root module of staging: one stack with a state of its own. It only calls modules, so that the environments
# differ in terraform.tfvars and nowhere else.

module "naming" {
  source      = "../../modules/naming"
  project     = var.project
  environment = "staging"
}

module "service" {
  source   = "../../modules/service"
  name     = module.naming.prefix
  replicas = var.replicas
  tags     = module.naming.tags
}
