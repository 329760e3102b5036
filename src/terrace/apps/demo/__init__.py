"""The demo: a sample repository, an emulated cloud, and a story with the commands that a user would type."""
