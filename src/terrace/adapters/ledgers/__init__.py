"""Where events are kept: a Git branch, or SQLite. One contract test runs against each."""
