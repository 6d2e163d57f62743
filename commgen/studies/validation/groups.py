"""The groups of checks, for whoever offers them without loading any."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import commgen

#: Names of the groups, as ``only`` takes them.
GROUPS = ("uncoded", "ldpc", "channels", "capacity", "38.104")

# What a result depends on: the packages that the checks run through.
_CODE = ("measures", "coding", "frame", "channels", "phy", "studies/validation")


def known_groups(only: Sequence[str] | None) -> Sequence[str]:
    """Return the groups to do; all where ``only`` is None.

    Raises
    ------
    ValueError
        If a name is unknown, or there is none.
    """
    if only is None:
        return GROUPS
    unknown = [name for name in only if name not in GROUPS]
    if unknown or not only:
        raise ValueError(
            f"only must name groups of {', '.join(GROUPS)}, got "
            f"{', '.join(unknown) or 'none'}."
        )
    return only


def code_digest() -> str:
    """Return the SHA-256 of the sources that decide the results."""
    root = Path(commgen.__file__).parent
    digest = hashlib.sha256()
    for room in _CODE:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
