variable "cidr" {
  description = "The block of addresses, like `10.0.0.0/16`."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "It must be a block of addresses | in CIDR notation."
  }
  validation {
    condition     = tonumber(split("/", var.cidr)[1]) <= 24
    error_message = "${var.cidr} is too small."
  }
}

variable "zones" {
  description = "Names of zones."
  type        = list(string)
  default     = []
}

variable "tags" {
  type    = map(string)
  default = { owner = "nobody", "cost centre" = "4711" }
}

variable "peers" {
  description = <<-EOT
    Networks to peer with:
      - by name
      - in one region
  EOT
  type = map(object({
    vpc_id = string           # theirs
    routes = optional(list(object({
      cidr = string
    })), [])
  }))
  default = {}
}
