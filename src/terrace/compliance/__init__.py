"""Compliance: frameworks, their controls, and the evidence for each."""
