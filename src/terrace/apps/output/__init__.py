"""What the command line and the worker print: results on stdout, progress and questions on stderr."""
