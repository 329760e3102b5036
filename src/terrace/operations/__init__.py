"""Automatic reactions to the end of a deployment."""
