"""A check as one page that needs nothing else: no network, no script, no font. Every text from outside is escaped."""
