"""The check `docs`: module docs in READMEs, as they are and as they should be."""
