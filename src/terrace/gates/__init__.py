"""May this release enter this environment now? `decide` answers with a verdict and its reasons."""
