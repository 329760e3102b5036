"""The demo: a sample repository, an embedded cloud, and a story told with the commands that a user would type."""
