"""What a supervisor is given, checked: children in their accepted forms, and flags. Pure."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

from actors import INFINITY, BadTypeError, BadValueError, ChildSpec
from actors.child_spec import RESTARTS, TYPES

_log = logging.getLogger("supervision.supervisor")

STRATEGIES = ("one_for_one",)
LATER_STRATEGIES = ("one_for_all", "rest_for_one")
_KEYS = tuple(field.name for field in fields(ChildSpec))
_FORMS = (
    "a child is a class with child_spec (e.g. a GenServer), a tuple (class, arg), a ChildSpec, "
    "or a dict of the same keys"
)


class SpecError(Exception):
    """A spec or flag that OTP refuses with `{:error, reason}`; becomes a StartError or SupervisorError."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Flags:
    """A supervisor's flags, with Elixir's defaults: 3 restarts in 5 seconds."""

    strategy: str
    max_restarts: int = 3
    max_seconds: int = 5


def check_flags(strategy: Any, max_restarts: Any, max_seconds: Any) -> Flags:
    """The flags.

    Raises:
        SpecError: with OTP's `("supervisor_data", (what, value))`.
        BadValueError: for a missing strategy, and for one that comes in a later release.
    """
    if strategy is None:
        raise BadValueError("expected the strategy option to be given, e.g. strategy='one_for_one'")
    if strategy in LATER_STRATEGIES:
        raise BadValueError(f"strategy {strategy!r} comes in a later release; accepted now: 'one_for_one'")
    if strategy not in STRATEGIES:
        raise SpecError(("supervisor_data", ("invalid_strategy", strategy)))
    if not _is_int(max_restarts) or max_restarts < 0:
        raise SpecError(("supervisor_data", ("invalid_intensity", max_restarts)))
    if not _is_int(max_seconds) or max_seconds <= 0:
        raise SpecError(("supervisor_data", ("invalid_period", max_seconds)))
    return Flags(strategy, max_restarts, max_seconds)


def to_spec(child: Any) -> Any:
    """A child in any accepted form as what will be checked: a ChildSpec or a dict.

    Raises:
        BadTypeError: for any other form; it names the accepted ones.
    """
    if isinstance(child, ChildSpec):
        return child
    if isinstance(child, Mapping):
        return dict(child)
    argument: tuple[Any, ...] = ([],)
    module = child
    if isinstance(child, tuple) and len(child) == 2 and inspect.isclass(child[0]):
        module, argument = child[0], (child[1],)
    if inspect.isclass(module):
        make = getattr(module, "child_spec", None)
        if make is None:
            raise BadTypeError(f"{_FORMS}; {module.__qualname__} has no child_spec(arg)")
        return make(*argument) if module is not child or _takes_argument(make) else make()
    raise BadTypeError(f"{_FORMS}; got {child!r} of type {type(child).__name__}")


def _takes_argument(make: Any) -> bool:
    return bool(inspect.signature(make).parameters)


def to_specs(children: Any) -> list[Any]:
    """`to_spec` for each.

    Raises:
        BadTypeError: also when the children are no list.
    """
    if not isinstance(children, list | tuple):  # no generator: a supervisor that is restarted reads them again
        raise BadTypeError(f"children is a list; {_FORMS}; got {children!r} of type {type(children).__name__}")
    return [to_spec(child) for child in children]


def check_spec(spec: Any) -> ChildSpec:
    """The valid ChildSpec.

    Raises:
        SpecError: with OTP's reason, e.g. `("invalid_shutdown", -1)`; the first error only.
    """
    if isinstance(spec, dict):
        unknown = [key for key in spec if key not in _KEYS]
        if unknown:
            _log.warning(
                "child spec %r: unknown key %s ignored (known: %s)",
                spec.get("id"),
                ", ".join(map(repr, unknown)),
                ", ".join(_KEYS),
            )
        if "id" not in spec:
            raise SpecError("missing_id")
        if "start" not in spec:
            raise SpecError("missing_start")
        spec = ChildSpec(**{key: value for key, value in spec.items() if key in _KEYS})
    if not isinstance(spec, ChildSpec):
        raise SpecError(("invalid_child_spec", spec))
    _check_fields(spec)
    return spec


def _check_fields(spec: ChildSpec) -> None:
    try:
        hash(spec.id)
    except TypeError:
        raise SpecError(("invalid_child_spec", spec)) from None
    start: Any = spec.start
    if not (isinstance(start, tuple) and len(start) == 2 and callable(start[0]) and isinstance(start[1], tuple | list)):
        raise SpecError(("invalid_mfa", start))
    if spec.restart not in RESTARTS:
        raise SpecError(("invalid_restart_type", spec.restart))
    if not isinstance(spec.significant, bool):
        raise SpecError(("invalid_significant", spec.significant))
    if spec.significant:
        if spec.restart == "permanent":
            raise SpecError(("bad_combination", (("restart", "permanent"), ("significant", True))))
        raise SpecError(("bad_combination", (("auto_shutdown", "never"), ("significant", True))))
    if spec.type not in TYPES:
        raise SpecError(("invalid_child_type", spec.type))
    shutdown: Any = spec.shutdown
    if not (
        shutdown is None
        or shutdown is INFINITY
        or shutdown == "brutal_kill"
        or (_is_int(shutdown) and 0 <= shutdown <= 2**32 - 1)
    ):
        raise SpecError(("invalid_shutdown", shutdown))
    modules: Any = spec.modules
    if not (modules is None or modules == "dynamic" or isinstance(modules, tuple | list)):
        raise SpecError(("invalid_modules", modules))
    for module in modules if isinstance(modules, tuple | list) else ():
        if not (isinstance(module, str | ModuleType) or callable(module)):
            raise SpecError(("invalid_module", module))


def check_specs(specs: list[Any]) -> list[ChildSpec]:
    """`check_spec` for each, ids unique.

    Raises:
        SpecError: the first error.
    """
    checked: list[ChildSpec] = []
    seen = set()
    for spec in specs:
        valid = check_spec(spec)
        if valid.id in seen:
            raise SpecError(("duplicate_child_name", valid.id))
        seen.add(valid.id)
        checked.append(valid)
    return checked


def child_spec(child: Any, **overrides: Any) -> ChildSpec:
    """A child's spec with some of it overridden (Elixir's `Supervisor.child_spec/2`).

    Raises:
        BadTypeError: for a child of no accepted form.
        BadValueError: for an unknown key.
    """
    unknown = [key for key in overrides if key not in _KEYS]
    if unknown:
        raise BadValueError(f"unknown key {unknown[0]!r} in child specification override; known: {', '.join(_KEYS)}")
    spec = to_spec(child)
    if isinstance(spec, dict):
        try:
            spec = check_spec(spec)
        except SpecError as error:
            raise BadValueError(f"child_spec: not a child specification: {error.reason!r}; {_FORMS}") from None
    changed: ChildSpec = replace(spec, **overrides)
    return changed


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
