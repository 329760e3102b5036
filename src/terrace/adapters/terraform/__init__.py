"""Terraform and OpenTofu: which binary, which arguments, which environment, and what their answers mean.

argv -> execute -> messages -> client        binary, versions: which one        cli_config, environment: its world
"""
