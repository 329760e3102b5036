"""Configuration files of Terraform, in native and JSON syntax: bytes to facts. Nothing is run."""
