"""Makes docs/conformance.md from the tests' `otp` marks: `python -m tests.conformance_table` writes it."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "conformance.md"

HEAD = """# Conformance

Each row is one behaviour of OTP, observed on Elixir 1.14 with OTP 25, by the ID that its test carries. This page is
made from the tests (`python -m tests.conformance_table`), and a test checks that it is up to date; that the tests pass
is CI's to say.

| row | shown by |
| --- | --- |
"""


def rows() -> dict[str, list[str]]:
    """Row IDs, and the tests that show them."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for row in _marks(node):
                    found.setdefault(row, []).append(f"`{path.relative_to(ROOT)}` {node.name}")
    return found


def _marks(function: ast.FunctionDef) -> list[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.otp":
            return [str(argument.value) for argument in decorator.args if isinstance(argument, ast.Constant)]
    return []


def left_out() -> dict[str, str]:
    """Row IDs without a test, and why."""
    reasons: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("conformance_left_out.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        reasons.update(module.LEFT_OUT)
    return reasons


def table() -> str:
    """The page's text."""
    tests = rows()
    lines = [f"| {row} | {'<br>'.join(tests[row])} |" for row in sorted(tests, key=_order)]
    missing = [f"| {row} | {reason} |" for row, reason in sorted(left_out().items()) if row not in tests]
    return HEAD + "\n".join(lines) + "\n\n## Left out\n\n| row | why |\n| --- | --- |\n" + "\n".join(missing) + "\n"


def _order(row: str) -> tuple[str, int, str]:
    matched = re.match(r"([A-Z]+)(\d+)(.*)", row)
    return (matched[1], int(matched[2]), matched[3]) if matched else (row, 0, "")


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
