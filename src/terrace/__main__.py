"""`python -m terrace`."""

from terrace.apps.cli.main import main

main()
