"""Pages that need nothing else: no network, no script, no font. Every text from outside is escaped."""
