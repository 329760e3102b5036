"""Commands and decisions in comments, reviews and CI runs on a forge.

A comment is read, checked against the rights of its author, executed and replied to. A decision from the forge is valid
only as long as the forge still confirms it.
"""
