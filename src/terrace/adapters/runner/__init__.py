"""Applies that outlive the command that started them.

applier.start -> child (its own session, holds the run's lock) -> terraform apply -> exit.json applier.wait, from this
process or a later one: exit.json, or the lock is held, or the outcome is unknown
"""
