module "service" {
  source      = "../../modules/service"
  environment = "dev"
  replicas    = 1
}

output "status_bucket" {
  value = module.service.status_bucket
}
