"""The groups of checks, for whoever offers them without loading any."""

from collections.abc import Sequence

#: Names of the groups, as ``only`` takes them.
GROUPS = ("uncoded", "ldpc", "channels", "capacity", "38.104")


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
