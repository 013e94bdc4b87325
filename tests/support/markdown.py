"""Reading of tables and names of tests in the project's prose, for the tests that hold it to the code."""

import ast
import re

from .paths import ROOT

_TEST = re.compile(r"`(tests/(?:\w+/)*\w+\.py)::(\w+)`")


def rows_below(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without the row of names."""
    section = re.split(r"\n##+ ", text.split(f"# {heading}\n")[1])[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named_tests_in(text: str) -> set[tuple[str, str]]:
    """Return module and name of each test that a text names."""
    return set(_TEST.findall(text))


def missing_tests(text: str) -> set[tuple[str, str]]:
    """Return the tests that a text names and that do not exist."""
    named = named_tests_in(text)
    tests = {module: _names_of_tests(module) for module, _ in named}
    return {(module, name) for module, name in named if name not in tests[module]}


def _names_of_tests(module: str) -> set[str]:
    """Return the names of the test functions of a module, those in its classes too."""
    tree = ast.parse((ROOT / module).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")}
