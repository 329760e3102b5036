"""Third-party tools that Terrace can use: their names, their paths, and their installation."""
