"""The stores of events: a Git branch, or SQLite. One contract test runs against each."""
