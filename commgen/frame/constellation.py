"""Any constellation: points, their labels and probabilities, and where it is from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_finite
from commgen._files.npz import npz_names, read_npz, write_npz
from commgen.frame.qam import qam_points

#: Most bits of a symbol.
MAX_BITS = 12
_SUM_TOLERANCE = 1e-6
# A power that is no more than this is that of points which are not there.
_LEAST_POWER = 1e-12


@dataclass(frozen=True, eq=False)
class Constellation:
    r"""Points x of probabilities p, with unit mean power, :math:`\sum_i p_i |x_i|^2`.

    Make one with :meth:`of` or :meth:`qam`, which check and scale.

    Parameters
    ----------
    points : [2**num_bits_per_symbol], complex128
        In the order of their labels: point number i is sent for the bits of i, the
        first bit being the most significant one, as Sionna's mapper does.
    probabilities : [2**num_bits_per_symbol], float64
        Of each point; equal ones without shaping.
    card
        Where it comes from: goal, seed, what it needs. Text and numbers.
    """

    points: np.ndarray
    probabilities: np.ndarray
    card: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        points: Any,
        labels: Any = None,
        probabilities: Any = None,
        *,
        card: Mapping[str, Any] | None = None,
    ) -> "Constellation":
        """Check points, sort them by label, and scale them to unit mean power.

        Parameters
        ----------
        points : [2**num_bits_per_symbol], complex
            Of any scale.
        labels : [2**num_bits_per_symbol], int, or None
            Number that the bits of each point make, the first bit being the most
            significant one; None where points are in this order already.
        probabilities : [2**num_bits_per_symbol], float, or None
            Of each point, all above 0; equal ones where None.
        card
            As of the class.

        Raises
        ------
        ValueError
            If the points are not 2, 4, ..., 4096 finite numbers or have no power, the
            labels are no permutation, or the probabilities are not above 0 or do not
            sum to 1 within 1e-6.

        Examples
        --------
        >>> bpsk = Constellation.of([3, -3])
        >>> bpsk.points.real.tolist(), bpsk.num_bits_per_symbol
        ([1.0, -1.0], 1)
        """
        x = _points(points)
        p = _probabilities(probabilities, len(x))
        order = _order(labels, len(x))
        power = float(p @ np.abs(x) ** 2)
        if not power > _LEAST_POWER:
            raise ValueError(f"points must have power, got a mean of {power:.3g}.")
        return cls(x[order] / np.sqrt(power), p[order], dict(card or {}))

    @classmethod
    def qam(cls, num_bits_per_symbol: int) -> "Constellation":
        """Return the QAM of TS 38.211 5.1.3 to 5.1.6, of 2, 4, 6 or 8 bits."""
        card = {"name": f"{2**num_bits_per_symbol}-QAM, 3GPP TS 38.211 5.1"}
        return cls.of(qam_points(num_bits_per_symbol), card=card)

    @property
    def num_bits_per_symbol(self) -> int:
        """Bits of a label."""
        return len(self.points).bit_length() - 1

    @cached_property
    def bits(self) -> np.ndarray:
        """Bits of each label, [2**num_bits_per_symbol, num_bits_per_symbol], int."""
        shifts = np.arange(self.num_bits_per_symbol)[::-1]
        return np.arange(len(self.points))[:, None] >> shifts & 1

    @property
    def is_shaped(self) -> bool:
        """Whether probabilities differ."""
        return bool(np.ptp(self.probabilities) > _SUM_TOLERANCE / len(self.points))

    @property
    def entropy(self) -> float:
        """Bits that one symbol can carry without noise."""
        p = self.probabilities
        return float(-p @ np.log2(p))

    @property
    def peak_to_average_db(self) -> float:
        """Power of the outermost point over the mean power [dB]."""
        return float(20 * np.log10(np.abs(self.points).max()))

    @property
    def least_distance(self) -> float:
        """Distance of the two nearest points."""
        distance = np.abs(self.points[:, None] - self.points)
        np.fill_diagonal(distance, np.inf)
        return float(distance.min())

    def __eq__(self, other: object) -> bool:
        """Whether points and probabilities are the same, bit by bit."""
        return isinstance(other, Constellation) and self.digest == other.digest

    def __hash__(self) -> int:
        """Of what is compared."""
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of points and probabilities, whatever the card says."""
        parts = self.points.tobytes(), self.probabilities.tobytes()
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def save(self, path: str | Path, *, made: str | None = None) -> None:
        """Write to ``path``, an archive of arrays whose name ends in ``.npz``."""
        path = Path(path)
        if path.suffix != ".npz":
            raise ValueError(f"path must end in .npz, got {path}.")
        arrays = {
            "points": self.points,
            "probabilities": self.probabilities,
            "card": np.array(json.dumps(self.card)),
        }
        write_npz(path, arrays, made=made)

    @classmethod
    def load(cls, path: str | Path) -> "Constellation":
        """Read what :meth:`save` wrote, or any archive with ``points``.

        ``labels``, ``probabilities`` and ``card`` (JSON) may be beside them.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If it is no such archive, or as :meth:`of`.
        """
        try:
            names = npz_names(path)
            known = [n for n in ("labels", "probabilities", "card") if n in names]
            arrays = read_npz(path, ["points", *known])
            card = json.loads(str(arrays.pop("card", "{}")))
            if not isinstance(card, dict):
                raise ValueError(f"card must be a JSON object, got {card!r}.")
            return cls.of(**arrays, card=card)
        except ValueError as error:
            raise ValueError(f"{path} must be a constellation: {error}") from error


def _points(points) -> np.ndarray:
    x = np.asarray(points)
    if x.dtype.kind not in "biufc":
        raise ValueError(f"points must be numbers, got dtype {x.dtype}.")
    sizes = 2 ** np.arange(1, MAX_BITS + 1)
    if x.ndim != 1 or len(x) not in sizes:
        raise ValueError(
            f"points must be [2**num_bits_per_symbol], 2 to {sizes[-1]} of them, got "
            f"{x.shape}."
        )
    x = x.astype(np.complex128)
    check_finite("points", x)
    return x


def _probabilities(probabilities, n) -> np.ndarray:
    if probabilities is None:
        return np.full(n, 1 / n)
    p = np.asarray(probabilities)
    if p.dtype.kind not in "biuf" or p.shape != (n,):
        raise ValueError(
            f"probabilities must be [{n}] real numbers, one for each point, got "
            f"{p.shape} of dtype {p.dtype}."
        )
    p = p.astype(np.float64)
    check_finite("probabilities", p)
    if p.min() <= 0:
        raise ValueError(f"probabilities must be above 0, got {p.min():.3g}.")
    if abs(p.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(f"probabilities must sum to 1, got {p.sum():.6g}.")
    return p / p.sum()


def _order(labels, n) -> np.ndarray:
    if labels is None:
        return np.arange(n)
    labels = np.asarray(labels)
    whole = labels.dtype.kind in "biu"
    if not whole or labels.shape != (n,) or (np.sort(labels) != np.arange(n)).any():
        raise ValueError(
            f"labels must be a permutation of 0..{n - 1}, one for each point, got "
            f"{labels.tolist()}."
        )
    return np.argsort(labels)
