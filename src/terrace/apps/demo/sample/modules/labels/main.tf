# Names and tags that everything carries. Every stack reaches this module, most of them through another one.

variable "environment" {
  type        = string
  description = "The environment: dev, staging or prod."
}

variable "component" {
  type        = string
  description = "What the labelled thing is for."
}

output "prefix" {
  value = "${var.environment}-${var.component}"
}

output "tags" {
  value = {
    Environment = var.environment
    Component   = var.component
  }
}
