"""Drift: differences between the cloud and what was deployed, and what is allowed to be done about them."""
