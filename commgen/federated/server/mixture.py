"""The server's part in a mixture that all nodes learn."""

from typing import Any


def fit_mixture(model: Any) -> None:
    """Refuse: no node can be asked for the sums of a mixture."""
    raise ValueError("model.family must be a network that stands on no mixture.")
