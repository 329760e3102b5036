"""Kubernetes, other services, and providers that help the configuration."""
