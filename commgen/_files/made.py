"""What made an output: command, settings and inputs, as text kept in the output."""

import json
import re
from collections.abc import Mapping
from typing import Any

from commgen import __version__


def made_by(
    command: str, settings: Mapping[str, Any], inputs: Mapping[str, str] | None = None
) -> str:
    """Tell what decides an output, as JSON on one line of ASCII.

    Parameters
    ----------
    command
        Such as "datasets make".
    settings
        What was asked for; must be JSON.
    inputs
        Digest of the content of each input, by name. Where it lies does not matter.

    Returns
    -------
    str
        Equal for the same command alone.
    """
    told = {
        "command": command,
        "settings": dict(settings),
        "inputs": dict(inputs or {}),
        "commgen": __version__,
    }
    return json.dumps(told, sort_keys=True)


def difference(there: str | None, here: str) -> str:
    """Say in a few words how what made an output differs from what would now."""
    if there is None:
        return "it does not say what made it"
    return first_difference(_flat(there), _flat(here))


def same_settings(there: str | None, here: str) -> bool:
    """Return whether two outputs differ in nothing but the content of their inputs."""
    if there is None:
        return False
    return {**json.loads(there), "inputs": {}} == {**json.loads(here), "inputs": {}}


def first_difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Name the first entry that differs, with both values."""
    for name in sorted(there.keys() | here.keys(), key=_order):
        if there.get(name) != here.get(name):
            old, new = _short(there.get(name)), _short(here.get(name))
            return f"{name}: {old} there, {new} here"
    return "no difference"


def _flat(made: str) -> dict[str, Any]:
    """Return command, version, and each setting and input by name."""
    found = json.loads(made)
    parts = {**found.pop("settings"), **found.pop("inputs")}
    return {**found, **parts}


def _order(name: str) -> tuple[int, str]:
    """Return the rank of an entry: the command is told first, the version last."""
    return {"command": 0, "commgen": 2}.get(name, 1), name


def _short(value: Any) -> str:
    text = json.dumps(value)
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value[:12]
    return text if len(text) <= 40 else text[:37] + "..."
