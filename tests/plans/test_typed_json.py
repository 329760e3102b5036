"""A type that is used first by several threads at once is no end of the process."""

from __future__ import annotations

import ast
import subprocess
import sys

from support.syntax import trees

RACE = """
import sys, threading, types
sys.setswitchinterval(1e-6)
import msgspec
from terrace import typed_json

SOURCE = '''
from __future__ import annotations
import msgspec

class Inner(msgspec.Struct):
    names: dict[str, msgspec.Raw] = {}
    counts: list[int] = []

class Outer(msgspec.Struct):
    many: list[Inner] = []
    one: Inner | None = None
'''
TEXT = b'{"many": [{"names": {}, "counts": [1, 2]}], "one": {"counts": [3]}}'
VALUE = msgspec.json.decode(TEXT)

for number in range(600):
    module = types.ModuleType(f"made{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, module.__dict__)
    together = threading.Barrier(4)

    def first(use) -> None:
        together.wait()
        use()

    uses = [lambda: typed_json.decode(TEXT, module.Outer), lambda: typed_json.convert(VALUE, module.Outer)] * 2
    threads = [threading.Thread(target=first, args=(use,)) for use in uses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("whole")
"""


def test_threads_that_use_a_type_first_at_the_same_time_do_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", RACE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_no_other_module_makes_a_type_ready_at_its_first_use() -> None:
    """Decoders that a module makes when it is imported are made by one thread; those that a function makes are not."""
    found = []
    for path, tree in trees("msgspec"):
        for function in ast.walk(tree) if path != "typed_json.py" else ():
            if isinstance(function, ast.FunctionDef):
                found += [f"{path}: {ast.unparse(node)}" for node in ast.walk(function) if _builds(node)]
    assert found == []


def _builds(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    typed = len(node.args) > 1 or any(keyword.arg == "type" for keyword in node.keywords)
    return called in ("msgspec.convert", "msgspec.json.Decoder") or (called == "msgspec.json.decode" and typed)
