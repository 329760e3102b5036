"""The state of Terraform: its file, copies of it, what was restored, and whether it is the one that was left."""
