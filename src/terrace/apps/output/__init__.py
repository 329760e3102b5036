"""The output of the command line and of the worker: results on stdout, progress and questions on stderr."""
