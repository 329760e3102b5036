"""A change is checked: planned, looked at by every check, and shown where people talk about it."""
