"""Where people and machines come in: the command line, and the wiring that joins pipelines and adapters."""
