"""The documentation of a module in its README: what it should be, and whether it is."""
