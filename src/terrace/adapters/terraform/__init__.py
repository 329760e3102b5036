"""Terraform and OpenTofu: the binary, its arguments, its environment, and the meaning of its output.

argv -> execute -> messages -> client binary, versions: which one cli_config, environment: the configuration and
variables of the child
"""
