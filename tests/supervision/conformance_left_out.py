"""Rows of docs/conformance.md about supervisors that have no test yet, each with its reason."""

from __future__ import annotations

LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(
        ("M02", "M03", "M05", "M06", "M11", "M12", "R13"),
        "one_for_all and rest_for_one come in a later release; asking for them is refused with that reason",
    ),
    **dict.fromkeys(
        ("A01", "A02", "A03", "A05", "A06", "A07"),
        "auto_shutdown and significant children come in a later release; P17 and P28 show the refusal",
    ),
    "G15": "get_childspec comes in a later release",
    "P20": "check_childspecs comes in a later release",
    "P25": "Task, Agent, Registry, DynamicSupervisor and PartitionSupervisor come in a later release",
    "LR11": "DynamicSupervisor comes in a later release",
    "LR14": "sys.log comes in a later release",
    "LR15": "DynamicSupervisor comes in a later release",
    **dict.fromkeys(
        ("LR01", "LR02", "LR05", "LR12"), "the reports' whole fields and their switches come in a later release"
    ),
    "CN01-CN08": "what is logged by default, and its switches, come in a later release: for now everything is",
    **dict.fromkeys(
        (*(f"DS{n:02d}" for n in (2, 3, 5, 6, 7, 10, 11, 12, 13, 14, 16)), "DM01-DM12"),
        "DynamicSupervisor comes in a later release",
    ),
    **dict.fromkeys(("RG01", "RG03", "RG04"), "Registry comes in a later release"),
    **dict.fromkeys(("TK03", "TK04", "TK06", "TK07"), "Task comes in a later release"),
    **dict.fromkeys(("AG01", "AG02", "AG03"), "Agent comes in a later release"),
    **dict.fromkeys(("PS01", "PS02", "PS03"), "PartitionSupervisor comes in a later release"),
    **dict.fromkeys(
        ("Y02", "Y03", "Y05", "Y06", "Y07", "Y09", "Y10", "Y14", "Y15", "Y16", "Y18", "Y19", "Y20", "Y21"),
        "sys as a whole comes in a later release; get_state, replace_state, get_status, suspend and resume are there",
    ),
}
