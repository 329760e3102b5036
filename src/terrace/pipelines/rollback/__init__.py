"""An environment goes back to an earlier release, or is destroyed."""
