"""Runs programs in a root of their own, without credentials, without the network, with an end to what they take."""
