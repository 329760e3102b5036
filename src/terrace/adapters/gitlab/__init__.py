"""GitLab as Terrace uses it. Nothing outside this folder and `terrace.apps` knows that it exists."""
