"""State backups, drills, restores and adoption."""
