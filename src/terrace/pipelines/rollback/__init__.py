"""Rollback to an earlier release, and destruction of an environment."""
