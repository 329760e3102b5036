terraform {
  required_version = ">= 1.6"
}

variable "size" {
  default = 2

  validation {
    condition     = var.size > 1
    error_message = "It must be more than one."
  }
}

module "inner" {
  source = "./other"
}
