"""Git, by its plumbing commands: the repository, its trees and its files."""
