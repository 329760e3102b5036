"""What Terraform would do: one typed, masked record a stack, and its digest."""
