"""The docs say what is true: their Python runs, their tables are up to date, their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conformance_table

ROOT = conformance_table.ROOT
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL), 1
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_python_runs_and_prints_what_its_comments_say(block: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(block, "utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == re.findall(r"print\(.*\)  # (.*)", block)


def test_the_table_of_conformance_is_up_to_date() -> None:
    assert conformance_table.TABLE.read_text("utf-8") == conformance_table.table()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_tour_of_the_inside_names_every_file() -> None:
    tour = (ROOT / "docs" / "design.md").read_text("utf-8")
    files = [
        *(ROOT / "actors").glob("*.py"),
        *(ROOT / "actors" / "exq").glob("*.py"),
        *(ROOT / "supervision").glob("*.py"),
    ]
    unnamed = [path.name for path in files if not path.name.startswith("__") and f"`{path.name}`" not in tour]
    assert unnamed == []
