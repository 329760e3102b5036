"""The assessment of a change set: findings of every check, the risk, and objections to going back."""
