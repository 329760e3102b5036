"""Approvals: people, their decisions, and which of these are valid."""
