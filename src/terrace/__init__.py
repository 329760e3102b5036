"""Terrace: GitOps for Terraform and OpenTofu, one step of land after another."""

__version__ = "0.1.0"
