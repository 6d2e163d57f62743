"""What a parameter is read from: positions at which its complex exponential is seen."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import (
    FLOAT_RANGE,
    check_amplitudes,
    check_finite,
    check_int,
    check_positive,
)

UNITS = {"angle": "deg", "delay": "s", "doppler": "Hz"}


@dataclass(frozen=True, eq=False)
class Axis:
    r"""Positions along which a path is the exponential :math:`e^{j 2\pi p_m x}`.

    Made by :func:`angle_axis`, :func:`delay_axis` or :func:`doppler_axis`. A *value* is
    what is reported (degrees, seconds, hertz) and has a uniform prior between ``low``
    and ``high``; x is what stands in the exponent.

    Parameters
    ----------
    kind
        ``"angle"``, ``"delay"`` or ``"doppler"``.
    positions : [num_positions], float
        In wavelengths, hertz (negative) or seconds.
    low, high
        Ends of the prior, in the unit of the value.

    Raises
    ------
    ValueError
        If the kind is unknown, fewer than two positions differ, or low is not below
        high.
    """

    kind: str
    positions: np.ndarray
    low: float
    high: float

    def __post_init__(self):
        if self.kind not in UNITS:
            raise ValueError(f"kind must be of {tuple(UNITS)}, got {self.kind!r}.")
        positions = np.asarray(self.positions, float)
        if positions.ndim != 1 or len(np.unique(positions)) < 2:
            raise ValueError(
                "positions must be [num_positions] with two that differ, got "
                f"{positions.shape} of {len(np.unique(positions))} values."
            )
        check_finite("positions", positions)
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low}, {self.high}.")
        object.__setattr__(self, "positions", positions)

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return UNITS[self.kind]

    @property
    def num_positions(self) -> int:
        """Entries of one snapshot."""
        return len(self.positions)

    @property
    def aperture(self) -> float:
        """Extent of the positions; x is resolved to about its inverse."""
        return float(np.ptp(self.positions))

    @property
    def spacing(self) -> float:
        """Distance of neighbours along uniform positions, with its sign.

        Raises
        ------
        ValueError
            If the positions are not uniform.
        """
        step = np.diff(self.positions)
        if not np.allclose(step, step[0], rtol=1e-6, atol=0):
            raise ValueError(
                "positions must be uniform for a search-free method, got steps of "
                f"{step.min():g} to {step.max():g}."
            )
        return float(step[0])

    def to_x(self, value) -> np.ndarray:
        """Turn values into x: the sine of an angle, else the value itself."""
        return np.sin(np.deg2rad(value)) if self.kind == "angle" else np.asarray(value)

    def to_value(self, x) -> np.ndarray:
        """Turn x into values; a sine beyond one counts as one."""
        if self.kind == "angle":
            return np.rad2deg(np.arcsin(np.clip(x, -1, 1)))
        return np.asarray(x)

    def slope(self, x) -> np.ndarray:
        """Return d value / d x, endless at endfire."""
        if self.kind == "angle":
            with np.errstate(divide="ignore"):
                return np.rad2deg(1 / np.sqrt(1 - np.clip(x, -1, 1) ** 2))
        return np.ones_like(np.asarray(x, float))

    def exponentials(self, x) -> np.ndarray:
        r"""Return :math:`e^{j 2\pi p_m x}`, [..., num_positions], for x : [...]."""
        return np.exp(2j * np.pi * np.asarray(x)[..., None] * self.positions)

    def coarse_x(self, oversampling: float = 16) -> np.ndarray:
        """Return x from low to high, ``oversampling`` to a resolution cell."""
        low, high = self.to_x(self.low), self.to_x(self.high)
        num = int(np.ceil((high - low) * self.aperture * oversampling)) + 1
        return np.linspace(low, high, max(num, 17))


def angle_axis(
    num_ant: int, *, spacing: float = 0.5, low_deg=-60.0, high_deg=60.0
) -> Axis:
    """Make the axis of a uniform linear array; angles are measured from broadside.

    Parameters
    ----------
    num_ant
        Antennas, at least 2.
    spacing
        Of the antennas, in wavelengths.
    low_deg, high_deg
        Ends of the uniform prior, within -90 and 90 degrees.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.
    """
    num_ant = check_int("num_ant", num_ant, low=2)
    spacing = check_positive("spacing", spacing)
    if not -90 <= low_deg < high_deg <= 90:
        raise ValueError(
            "low_deg and high_deg must be ascending within -90 and 90, got "
            f"{low_deg}, {high_deg}."
        )
    return Axis("angle", spacing * np.arange(num_ant), float(low_deg), float(high_deg))


def delay_axis(frequencies_hz, *, max_delay_s: float, min_delay_s=0.0) -> Axis:
    """Make the axis of delays that subcarriers at ``frequencies_hz`` show.

    Raises
    ------
    ValueError
        If fewer than two frequencies differ, or the delays do not ascend.
    """
    frequencies = np.asarray(frequencies_hz, float)
    return Axis("delay", -frequencies, float(min_delay_s), float(max_delay_s))


def doppler_axis(times_s, *, max_doppler_hz: float) -> Axis:
    """Make the axis of Doppler shifts within plus and minus ``max_doppler_hz``.

    Raises
    ------
    ValueError
        If fewer than two times differ, or the largest shift is not positive.
    """
    limit = check_positive("max_doppler_hz", max_doppler_hz)
    return Axis("doppler", np.asarray(times_s, float), -limit, limit)


def check_snapshots(y, axis: Axis) -> np.ndarray:
    """Return y as complex128 : [n, num_snapshots, num_positions], or raise.

    Raises
    ------
    ValueError
        If the shape is another one, entries are not finite, or an observation is zero.
    """
    y = np.asarray(y)
    if y.ndim != 3 or y.shape[-1] != axis.num_positions or 0 in y.shape:
        raise ValueError(
            f"y must be [n, num_snapshots, {axis.num_positions}], got {y.shape}."
        )
    y = y.astype(np.complex128)
    check_amplitudes("y", y)
    silent = np.abs(y).max(axis=(1, 2)) < FLOAT_RANGE[0]
    if silent.any():
        raise ValueError(
            "y must not be all zero, got an observation of zeros at index "
            f"{int(np.argmax(silent))} (or below {FLOAT_RANGE[0]:g})."
        )
    return y
