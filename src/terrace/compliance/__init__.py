"""What audits give evidence for: frameworks, their controls, and what can be said of each."""
