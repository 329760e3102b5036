"""Open Policy Agent as a program: nothing that runs inside Python gives its verdicts."""
