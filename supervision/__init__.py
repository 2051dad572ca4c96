"""Supervision as in OTP: what starts processes, restarts them, and stops them in order.

`specs` checks what a supervisor is given, `children` and `intensity` decide, `starting` carries out, `supervisor` is
the process; `application` is Exq's tree, `cli` the command, `demo` what `make demo` shows.
"""

from supervision.children import ChildInfo
from supervision.specs import child_spec
from supervision.supervisor import (
    Supervisor,
    SupervisorInit,
    count_children,
    delete_child,
    restart_child,
    start_child,
    terminate_child,
    which_children,
)

__all__ = [
    "ChildInfo",
    "Supervisor",
    "SupervisorInit",
    "child_spec",
    "count_children",
    "delete_child",
    "restart_child",
    "start_child",
    "terminate_child",
    "which_children",
]
