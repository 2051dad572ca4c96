"""What `make demo` shows: `python -m supervision.demo`.

`jobs` (the bytes an Elixir node writes) and `tally` (what was put in, moved, how late) are pure; `plan` is what one run
does; `consumer` and `tree` are the processes; `narrator` reads the supervisor's reports; `display` draws, `run` puts it
together.
"""
