variable "policy" {
  description = <<EOT
  Kept as it stands
	with a tab.
EOT
  type    = object({ a = string, b = number })
  default = { a = "x", b = -1.5 }
}

variable "template" {
  default = <<-EOT
    line one
      line two | three
  EOT
}

variable "expression" {
  type    = tuple([string, number])
  default = ["a", 1]
}

variable "many" {
  default = [
    "01", "02", "03", # A comment
  ]
}
