"""terrace.yaml: its keys, what their values may be, and the configuration that they give."""
