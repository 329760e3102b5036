"""A forge: changes, people, comments, the commands in them, and what Terrace needs of it."""
