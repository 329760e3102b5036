"""Everything known about a change set: findings of every check, and what could not be looked at."""
