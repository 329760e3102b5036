"""Joins pipelines and adapters for one repository. Nothing else knows both."""
