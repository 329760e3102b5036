module "service" {
  source      = "../../modules/service"
  environment = "staging"
  replicas    = 2
}

output "status_bucket" {
  value = module.service.status_bucket
}
