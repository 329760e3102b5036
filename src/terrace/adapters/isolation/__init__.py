"""Runs programs in a root of their own, without credentials and network, with resource limits."""
