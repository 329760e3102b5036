"""The table of keys of terrace.yaml, by section. `terrace_yaml` is the whole file."""
