"""The files that `terrace init github` writes to a repository: workflows, actions, forms, and their dependencies."""
