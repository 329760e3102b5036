output "name" {
  value       = terraform_data.service.output.name
  description = "Name of the service."
}

output "replicas" {
  value       = terraform_data.service.output.replicas
  description = "Number of copies."
}
