"""The frame of the radio host: where pilots and data stand, without any framework."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.frame.codewords import CodewordLayout
from commgen.frame.constellation import Constellation
from commgen.frame.fields import FRAME_FIELDS
from commgen.frame.pilots import pilot_symbols
from commgen.frame.qam import qam_points

_BITS_PER_SYMBOL = (2, 4, 6, 8)  # square QAM
_TIME_INTERPOLATIONS = ("linear", "average")


@dataclass(frozen=True)
class Frame:
    """One slot of OFDM symbols from one antenna to another, as a radio host sees it.

    It has the grid of a :class:`~commgen.phy.LinkConfig` with the same fields.

    Parameters
    ----------
    fft_size, num_ofdm_symbols, subcarrier_spacing_hz, cyclic_prefix_length
        As in :class:`~commgen.phy.LinkConfig`, and so are the rest.
    num_guard_carriers, dc_null
        Unused subcarriers at the lower and the upper edge, and in the middle.
    pilot_ofdm_symbol_indices, pilot_subcarrier_step
        Where the pilots are.
    time_interpolation
        Of least squares: ``"linear"`` between the pilot symbols or their ``"average"``.
    num_bits_per_symbol
        2, 4, 6, 8: QPSK to 256-QAM; 1 to 8 with a constellation of that size.
    constellation
        Points for the data in place of QAM, all equally likely.
    num_streams, num_rx_ant
        1: a radio host has one antenna.
    coderate
        Of the NR LDPC code; it is no part of :meth:`contract`.

    Raises
    ------
    TypeError
        If a count is no whole number.
    ValueError
        If the grid has no room for pilots and data, or a value breaks its rule.

    Examples
    --------
    >>> frame = Frame()
    >>> frame.num_effective_subcarriers, frame.num_data_symbols, frame.sample_rate_hz
    (72, 864, 1920000.0)
    >>> frame.subcarrier_index[[0, 35, 36, 71]].tolist()
    [92, 127, 1, 36]
    """

    fft_size: int = 128
    num_ofdm_symbols: int = 14
    subcarrier_spacing_hz: float = 15e3
    cyclic_prefix_length: int = 9
    num_guard_carriers: tuple[int, int] = (28, 27)
    dc_null: bool = True
    pilot_ofdm_symbol_indices: tuple[int, ...] = (2, 11)
    pilot_subcarrier_step: int = 1
    time_interpolation: Literal["linear", "average"] = "linear"
    num_bits_per_symbol: int = 2
    constellation: Constellation | None = None
    num_streams: int = 1
    num_rx_ant: int = 1
    coderate: float = 0.5

    def __post_init__(self):
        for name in ("num_guard_carriers", "pilot_ofdm_symbol_indices"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_values()
        self._check_grid()
        self._check_pilots()
        CodewordLayout.of(
            self.num_data_symbols, self.num_bits_per_symbol, self.coderate
        )

    @classmethod
    def from_contract(
        cls,
        contract: Any,
        *,
        coderate: float = 0.5,
        constellation: Constellation | None = None,
    ) -> "Frame":
        """Return the frame of what :meth:`contract` or a card holds.

        Parameters
        ----------
        contract
            The fields; of a constellation it has the digest alone.
        coderate, constellation
            As of the class.

        Raises
        ------
        ValueError
            If a field is missing or unknown, or it is the contract of other points.
        """
        fields = dict(contract)
        told = fields.pop("constellation", None)
        if set(fields) != set(FRAME_FIELDS):
            raise ValueError(
                f"contract must have the fields {', '.join(FRAME_FIELDS)}, "
                f"got {', '.join(contract)}."
            )
        given = None if constellation is None else constellation.digest
        if told != given:
            raise ValueError(
                f"constellation must be that of the contract, {told or 'QAM'}, got "
                f"{given or 'QAM'}."
            )
        return cls(**fields, coderate=coderate, constellation=constellation)

    def contract(self) -> dict[str, Any]:
        """Return what :func:`~commgen.frame.fields.frame_of` gives of such a link."""
        values = {name: getattr(self, name) for name in FRAME_FIELDS}
        told = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
        if self.constellation is not None:
            told["constellation"] = self.constellation.digest
        return told

    @property
    def symbols(self) -> int | Constellation:
        """What data are mapped to, as demappers take it: bits of QAM, or points."""
        return self.constellation or self.num_bits_per_symbol

    @cached_property
    def points(self) -> np.ndarray:
        """The points by their labels, [2**num_bits_per_symbol], complex64."""
        if self.constellation is not None:
            return self.constellation.points.astype(np.complex64)
        return qam_points(self.num_bits_per_symbol)

    @property
    def num_effective_subcarriers(self) -> int:
        """Subcarriers without guards and DC."""
        return self.fft_size - sum(self.num_guard_carriers) - self.dc_null

    @property
    def grid_shape(self) -> tuple[int, int]:
        """OFDM symbols and effective subcarriers."""
        return self.num_ofdm_symbols, self.num_effective_subcarriers

    @cached_property
    def subcarriers(self) -> np.ndarray:
        """Effective subcarriers counted from DC, [num_effective_subcarriers], int."""
        left, right = self.num_guard_carriers
        index = np.arange(left, self.fft_size - right) - self.fft_size // 2
        return index[index != 0] if self.dc_null else index

    @cached_property
    def subcarrier_index(self) -> np.ndarray:
        """FFT bins of the effective subcarriers, DC at 0, by ascending frequency."""
        return self.subcarriers % self.fft_size

    @cached_property
    def pilot_mask(self) -> np.ndarray:
        """Where pilots are sent, [num_ofdm_symbols, num_effective_subcarriers]."""
        return self._pilot_symbols[0][0]

    @cached_property
    def pilots(self) -> np.ndarray:
        """What is sent there, [num_pilot_symbols, num_pilot_subcarriers], complex64."""
        values = self._pilot_symbols[1][0]
        return values.reshape(len(self.pilot_ofdm_symbol_indices), -1)

    @cached_property
    def data_ind(self) -> np.ndarray:
        """Where data are in the flat grid, [num_data_symbols], int."""
        return np.flatnonzero(~self.pilot_mask)

    @cached_property
    def pilot_rows(self) -> np.ndarray:
        """OFDM symbols with pilots, ascending, [num_pilot_symbols], int."""
        return np.array(sorted(self.pilot_ofdm_symbol_indices))

    @cached_property
    def pilot_subcarriers(self) -> np.ndarray:
        """Which of the effective subcarriers carry pilots, ascending, int."""
        return np.arange(self.num_effective_subcarriers)[:: self.pilot_subcarrier_step]

    @cached_property
    def _pilot_symbols(self) -> tuple[np.ndarray, np.ndarray]:
        return pilot_symbols(
            *self.grid_shape,
            self.pilot_ofdm_symbol_indices,
            subcarrier_step=self.pilot_subcarrier_step,
        )

    @property
    def num_data_symbols(self) -> int:
        """Data symbols of the slot."""
        num_pilots = -(-self.num_effective_subcarriers // self.pilot_subcarrier_step)
        total = self.num_effective_subcarriers * self.num_ofdm_symbols
        return total - len(self.pilot_ofdm_symbol_indices) * num_pilots

    @property
    def num_coded_bits(self) -> int:
        """Bits that the data symbols carry."""
        return self.num_data_symbols * self.num_bits_per_symbol

    @property
    def sample_rate_hz(self) -> float:
        """Samples a second, one for each subcarrier and useful symbol time."""
        return self.fft_size * self.subcarrier_spacing_hz

    @property
    def symbol_length(self) -> int:
        """Samples of an OFDM symbol, the cyclic prefix included."""
        return self.fft_size + self.cyclic_prefix_length

    @property
    def symbol_duration_s(self) -> float:
        """Time from one OFDM symbol to the next [s]."""
        return self.symbol_length / self.sample_rate_hz

    def _check_values(self) -> None:
        for name, low in (
            ("fft_size", 1),
            ("num_ofdm_symbols", 1),
            ("cyclic_prefix_length", 0),
            ("pilot_subcarrier_step", 1),
        ):
            check_int(name, getattr(self, name), low=low)
        check_positive("subcarrier_spacing_hz", self.subcarrier_spacing_hz)
        for name in ("num_streams", "num_rx_ant"):
            check_int(name, getattr(self, name), low=1, high=1)
        for name, choices in (
            ("num_bits_per_symbol", self._bits_per_symbol()),
            ("time_interpolation", _TIME_INTERPOLATIONS),
            ("dc_null", (False, True)),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {choices}, got {getattr(self, name)!r}."
                )

    def _bits_per_symbol(self) -> tuple[int, ...]:
        """Which are allowed."""
        points = self.constellation
        if points is None:
            return _BITS_PER_SYMBOL
        if points.is_shaped:
            raise ValueError(
                "constellation must have points of equal probability in a frame, got "
                f"{points.probabilities.min():.3g} to {points.probabilities.max():.3g}."
            )
        return (points.num_bits_per_symbol,)

    def _check_grid(self) -> None:
        size, guards = self.fft_size, self.num_guard_carriers
        if self.cyclic_prefix_length > size:
            raise ValueError(
                f"cyclic_prefix_length must be at most fft_size = {size}, got "
                f"{self.cyclic_prefix_length}."
            )
        for guard in guards:
            check_int("num_guard_carriers", guard, low=0)
        if len(guards) != 2 or not self._leaves_room():
            raise ValueError(
                "num_guard_carriers must be two numbers that leave subcarriers of "
                f"fft_size = {size}, and the middle for DC, got {list(guards)}."
            )
        check_int(
            "pilot_subcarrier_step",
            self.pilot_subcarrier_step,
            low=1,
            high=self.num_effective_subcarriers,
        )

    def _leaves_room(self) -> bool:
        left, right = self.num_guard_carriers
        middle = left <= self.fft_size // 2 < self.fft_size - right
        return self.num_effective_subcarriers >= 1 and (middle or not self.dc_null)

    def _check_pilots(self) -> None:
        if not self.pilot_ofdm_symbol_indices:
            raise ValueError("pilot_ofdm_symbol_indices must be at least one, got [].")
        if self.num_data_symbols < 1:
            raise ValueError(
                "pilot_ofdm_symbol_indices must leave room for data, got "
                f"{list(self.pilot_ofdm_symbol_indices)}."
            )
        self._pilot_symbols  # noqa: B018 - raises where they are outside the slot


#: The frame that the radio host sends and receives unless told otherwise.
RADIO_FRAME = Frame()
