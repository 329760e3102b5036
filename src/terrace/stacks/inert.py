"""Recognizes files in the folder of a stack or module that no plan depends on, unless an expression reads them."""

from __future__ import annotations

from terrace.hcl.layout import LOCK_FILE, is_automatic_variables

VERSION_FILES = frozenset({".terraform-version", ".opentofu-version", ".tool-versions"})
"""Files that set the Terraform version for their folder and the folders below it."""

_NAMES = frozenset(
    {
        ".checkov.yaml",
        ".checkov.yml",
        ".editorconfig",
        ".gitattributes",
        ".gitignore",
        ".gitkeep",
        ".gitlab-ci.yml",
        ".gitmodules",
        ".infracost.yml",
        ".keep",
        ".markdownlint.json",
        ".pre-commit-config.yaml",
        ".terraform-docs.yaml",
        ".terraform-docs.yml",
        ".terraformignore",
        ".tflint.hcl",
        ".tfsec.yml",
        ".trivyignore",
        ".yamllint",
        "authors",
        "changelog",
        "codeowners",
        "contributing",
        "licence",
        "license",
        "license.txt",
        "notice",
        "owners",
        "readme",
        "readme.adoc",
        "readme.rst",
        "readme.txt",
        "terrace.yaml",
    }
)
_SUFFIXES = (
    ".markdown",
    ".md",
    ".tfbackend",
    ".tfmock.hcl",
    ".tftest.hcl",
    ".tftest.json",
    ".tfvars",
    ".tfvars.json",
    ".tofutest.hcl",
    ".tofutest.json",
)
_FOLDERS = frozenset({".circleci", ".github", ".gitlab", ".idea", ".terrace", ".vscode", "test", "tests"})


def is_inert(path: str) -> bool:
    """Returns whether no plan depends on a file, unless an expression reads it. `path` is relative to the folder.

    Variable files and lock files count as inert here: only the stacks that use them depend on them.
    """
    folder, _, name = path.rpartition("/")
    if folder.split("/")[0] in _FOLDERS:
        return True
    if name == LOCK_FILE or is_automatic_variables(name) or name in VERSION_FILES:
        return True
    folded = name.lower()
    return folded in _NAMES or folded.endswith(_SUFFIXES)
