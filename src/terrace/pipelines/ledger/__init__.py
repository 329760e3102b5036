"""Maintenance of the ledger: dismissal of events, change of its key."""
