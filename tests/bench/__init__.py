"""The bench: `python -m tests.bench`. One figure a file, each a ratio within one run; `test_bench` sees that they work.

`measure` runs contenders in turn, `figure` is what comes out, `report` prints it; `moving` `calls` `memory` are the
figures.
"""
