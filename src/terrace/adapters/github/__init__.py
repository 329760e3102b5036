"""GitHub as Terrace uses it. Nothing outside this folder and `terrace.apps.wiring` knows that it exists."""
