"""Plans of Terraform: one typed, masked record per stack, and its digest."""
