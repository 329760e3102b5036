"""The checks of a change: one file for each, and `all.py`, the dict of them."""
