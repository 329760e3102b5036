"""Deployments with an unknown outcome: examined, recovered, or accepted by people."""
