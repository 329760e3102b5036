"""Drift: differences between the live resources and the deployed configuration, and the allowed remediation."""
