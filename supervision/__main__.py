"""`python -m supervision`: the command `exq`."""

from supervision.cli import main

main(prog_name="exq")
