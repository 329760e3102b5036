variable "flavor" {
  type = string
}

module "chosen" {
  source = "./modules/${var.flavor}"
}

output "chosen" {
  value = module.chosen.name
}
