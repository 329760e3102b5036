"""Checks of a change: plans it, runs every check, and publishes the result on its page."""
