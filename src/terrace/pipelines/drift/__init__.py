"""Drift is detected, acknowledged, taken back, or written into the configuration."""
