"""GitHub as Terrace uses it. Nothing outside this folder and `terrace.apps.wiring.project` knows that it exists."""
