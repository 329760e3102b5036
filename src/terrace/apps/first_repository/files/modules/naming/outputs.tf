output "prefix" {
  value       = local.prefix
  description = "Beginning of all names: PROJECT-ENVIRONMENT."
}

output "tags" {
  value = {
    Project     = var.project
    Environment = var.environment
    Owner       = "platform"
    CostCenter  = var.project
  }
  description = "Tags of every resource. The policy pack requires these four."
}
