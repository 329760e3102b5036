"""The JSON objects that commands print with `--json`, one record for each, with every field documented."""
