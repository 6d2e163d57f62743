"""What cannot fit into the memory of this machine is refused with its size."""

import os
from math import prod
from pathlib import Path
from typing import Any

import numpy as np


def check_memory(name: str, value: Any, shape: Any, dtype: Any) -> None:
    """Raise if an array that an argument asks for is larger than the machine's memory.

    Parameters
    ----------
    name, value
        The argument, and what it was.
    shape, dtype
        Of the array.
    """
    num_bytes = prod(int(n) for n in shape) * np.dtype(dtype).itemsize
    size = ", ".join(str(int(n)) for n in shape)
    check_fits(name, num_bytes, f"{value}: [{size}]")


def check_fits(name: str, num_bytes: int, what: str = "what") -> None:
    """Raise ValueError if something that is asked for is larger than the memory.

    Parameters
    ----------
    name
        What asks for it, such as ``sweep.batch_size``.
    num_bytes
        What it takes at least.
    what
        How it is called.
    """
    memory = installed_memory()
    if num_bytes > memory:
        raise ValueError(
            f"{name} must fit into the memory of {told_size(memory)}, got {what} takes "
            f"{told_size(num_bytes)}."
        )


def check_room(what: str, num_bytes: int) -> None:
    """Raise unless there is free memory for an array of a file.

    Raises
    ------
    ValueError
        With its size. The message has no full stop: whoever knows the file puts its
        name in front.
    """
    room = available_memory()
    if num_bytes > room:
        raise ValueError(
            f"{what} takes {told_size(num_bytes)}, {told_size(room)} are free"
        )


def told_size(num_bytes: int) -> str:
    """Return a size in words."""
    for power, unit in ((30, "GiB"), (20, "MiB")):
        if num_bytes >= 2**power:
            size = num_bytes / 2**power
            return f"{size:,.0f} {unit}" if size >= 100 else f"{size:.4g} {unit}"
    return f"{num_bytes} bytes"


def installed_memory() -> int:
    """Return the bytes of memory of the machine, as far as the system tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no POSIX, or it does not tell
        return 2**63 - 1


def available_memory() -> int:
    """Return the bytes of memory that are free, as far as the system tells."""
    limits = [2**63 - 1]
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                limits.append(1024 * int(line.split()[1]))
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        limits += [int(limit)] if limit.isdigit() else []
    except (OSError, ValueError):  # another system: allocation itself has to fail
        pass
    return min(limits)
