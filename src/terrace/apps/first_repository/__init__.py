"""The files of a first repository: environments, modules, policies, each with its purpose."""
