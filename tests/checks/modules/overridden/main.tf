terraform {
  required_version = ">= 1.0"
}

variable "size" {
  description = "How big."
  type        = number
  default     = 1

  validation {
    condition     = var.size > 0
    error_message = "It must be more than nothing."
  }
}

module "inner" {
  source = "./inner"
}
