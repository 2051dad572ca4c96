"""What supervisors log: OTP's supervisor reports, with their facts as `extra` fields."""

from __future__ import annotations

import logging
from typing import Any

from actors.reports import label_of, reason_text
from supervision.children import Child

_log = logging.getLogger("supervision.supervisor")


def supervisor_report(context: str, supervisor: object, reason: object, child: Child) -> None:
    """One report: `child_terminated`, `start_error`, `shutdown_error` or `shutdown`.

    Fields: report, error_context, supervisor, reason, offender (a dict of pid, id, start, restart_type,
    significant, shutdown and child_type).
    """
    spec = child.spec
    offender: dict[str, Any] = {
        "pid": child.pid,
        "id": spec.id,
        "start": spec.start,
        "restart_type": spec.restart,
        "significant": spec.significant,
        "shutdown": spec.effective_shutdown,
        "child_type": spec.type,
    }
    _log.error(
        "Child %s of Supervisor %r %s\n%s\nPid: %r\nStart Call: %s\nRestart: %s",
        _shown_id(spec.id),
        supervisor,
        _WORDS[context],
        reason_text(reason),
        child.pid,
        label_of(spec.start[0]),
        spec.restart,
        extra={
            "report": context,
            "error_context": context,
            "supervisor": supervisor,
            "reason": reason,
            "offender": offender,
        },
    )


def progress(supervisor: object, child: Child) -> None:
    """A child was started. Fields: report, supervisor, child_id, child_pid."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(
            "Child %s of Supervisor %r started\nPid: %r",
            _shown_id(child.spec.id),
            supervisor,
            child.pid,
            extra={"report": "progress", "supervisor": supervisor, "child_id": child.spec.id, "child_pid": child.pid},
        )


_WORDS = {
    "child_terminated": "terminated",
    "start_error": "failed to start",
    "shutdown_error": "shut down abnormally",
    "shutdown": "caused shutdown",
}


def _shown_id(id: object) -> str:
    return label_of(id) if isinstance(id, type) else repr(id)
