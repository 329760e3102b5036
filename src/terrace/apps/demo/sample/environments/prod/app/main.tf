module "service" {
  source      = "../../../modules/service"
  environment = "prod"
  replicas    = 3
}

output "status_bucket" {
  value = module.service.status_bucket
}
