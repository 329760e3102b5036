"""Work on the ledger itself: dismissing events, changing its key."""
