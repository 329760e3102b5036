"""Checks of a change: what each looks at, and the findings that it gives."""
