# Terrace passes outputs to the smoke test as TERRACE_OUTPUT_NAME.

output "service" {
  value       = module.service.name
  description = "Name of the service."
}

output "replicas" {
  value       = module.service.replicas
  description = "Number of copies of the service."
}
