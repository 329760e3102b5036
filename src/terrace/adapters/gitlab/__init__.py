"""GitLab as Terrace uses it. Only this package and `terrace.apps` depend on GitLab."""
