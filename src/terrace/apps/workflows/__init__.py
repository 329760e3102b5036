"""What `terrace init github` writes into a repository: workflows, actions, forms, and what they lean on."""
