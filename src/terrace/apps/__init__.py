"""The entry points: the command line, the server, and the wiring that joins pipelines and adapters."""
