"""Open Policy Agent, run as a separate program."""
