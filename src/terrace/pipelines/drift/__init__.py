"""Detection, acknowledgement, remediation and adoption of drift."""
