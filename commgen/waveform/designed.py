"""A designed waveform, its points, and its file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen._files.npz import read_npz, write_npz
from commgen._files.yaml_file import validate
from commgen._settings import Float, Int, PositiveFloat, Settings
from commgen.frame.constellation import Constellation
from commgen.waveform.amplifier import check_decibels
from commgen.waveform.dft_spread import DftSpreadOfdm
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tone_network import ToneNetwork
from commgen.waveform.tones import HasTones, ToneWaveform

_ARRAYS = ("points", "gains", "weights", "subcarriers", "shaping", "settings", "card")


class DesignedWaveform(ToneWaveform):
    """Symbols on tones, spread or not, which a network corrects for an amplifier.

    The receiver needs nothing of the network: :meth:`demodulate` is that of the
    waveform inside. Samples are of unit mean power.

    Parameters
    ----------
    waveform
        :class:`CpOfdm`, or :class:`DftSpreadOfdm` over it.
    network
        Works on amplitudes over that at which the amplifier saturates.
    constellation
        What the grid is to hold.
    drive
        Amplitude of its input, root mean square, over that of saturation.
    power
        Mean power of what it returns, over that of saturation.
    back_off_db
        Of the input [dB], at which it costs the least.
    card
        What it was designed for.

    Raises
    ------
    ValueError
        If ``drive`` or ``power`` are not positive, or the back-off is beyond 100 dB.
    """

    def __init__(
        self,
        waveform: HasTones,
        network: ToneNetwork,
        constellation: Constellation,
        *,
        drive: float,
        power: float,
        back_off_db: float,
        card: Mapping[str, Any] | None = None,
    ):
        super().__init__(waveform.ofdm, waveform.num_subcarriers)
        self.waveform, self.network = waveform, network
        self.constellation = constellation
        self.drive = check_positive("drive", drive)
        self.power = check_positive("power", power)
        self.back_off_db = check_decibels("back_off_db", back_off_db)
        self.card = dict(card or {})

    @property
    def noise_gain(self) -> float:
        """That of the waveform inside."""
        return self.waveform.noise_gain

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        tones = self.drive * self.waveform.to_tones(grid)
        return self.network(self.ofdm, tones) / np.sqrt(self.power)

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """As of the waveform inside; what the network added stays."""
        return self.waveform.from_tones(tones)

    def save(self, path: str | Path, *, made: str | None = None) -> None:
        """Write to ``path``, an archive of arrays whose name ends in ``.npz``."""
        path = Path(path)
        if path.suffix != ".npz":
            raise ValueError(f"path must end in .npz, got {path}.")
        shaping = getattr(self.waveform, "shaping", np.zeros(0))
        settings = {
            "num_data": self.num_subcarriers,
            "drive": self.drive,
            "power": self.power,
            "back_off_db": self.back_off_db,
            "largest": self.network.largest,
            **{name: getattr(self.ofdm, name) for name in _OFDM},
        }
        values = (
            self.constellation.points,
            self.network.gains,
            self.network.weights,
            self.ofdm.subcarriers,
            shaping,
            np.array(json.dumps(settings)),
            np.array(json.dumps(self.card)),
        )
        write_npz(path, dict(zip(_ARRAYS, values, strict=True)), made=made)

    @classmethod
    def load(cls, path: str | Path, ofdm: CpOfdm | None = None) -> "DesignedWaveform":
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path
            The file.
        ofdm
            Tones to put it on instead of its own, as many: with another prefix, say.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If it is no such archive, or ``ofdm`` has another number of tones.
        """
        try:
            arrays = read_npz(path, _ARRAYS)
            stored = validate(_Stored, json.loads(str(arrays["settings"])))
            card = json.loads(str(arrays["card"]))
            if not isinstance(card, dict):
                raise ValueError(f"card must be a JSON object, got {card!r}.")
            own = CpOfdm(
                arrays["subcarriers"], **{n: getattr(stored, n) for n in _OFDM}
            )
            on = own if ofdm is None else ofdm
            if on.num_subcarriers != own.num_subcarriers:
                raise ValueError(
                    f"ofdm must have {own.num_subcarriers} tones, got "
                    f"{on.num_subcarriers}."
                )
            return cls(
                _inside(on, stored.num_data, arrays["shaping"]),
                ToneNetwork(arrays["gains"], arrays["weights"], stored.largest),
                Constellation.of(arrays["points"]),
                drive=stored.drive,
                power=stored.power,
                back_off_db=stored.back_off_db,
                card=card,
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} must be a designed waveform: {error}") from error


class _Stored(Settings):
    """The numbers in a file."""

    num_data: Int
    drive: PositiveFloat
    power: PositiveFloat
    back_off_db: Float
    largest: PositiveFloat
    fft_size: Int
    cyclic_prefix_length: Int
    oversampling: Int
    window_length: Int
    subcarrier_spacing_hz: PositiveFloat


_OFDM = (
    "fft_size",
    "cyclic_prefix_length",
    "oversampling",
    "window_length",
    "subcarrier_spacing_hz",
)


def _inside(ofdm, num_data, shaping) -> HasTones:
    """Return OFDM, where no weights of tones were stored, or what is spread over it."""
    if len(shaping):
        return DftSpreadOfdm(ofdm, num_data, shaping)
    if num_data != ofdm.num_subcarriers:
        raise ValueError(
            f"num_data must be {ofdm.num_subcarriers} without spreading, got "
            f"{num_data}."
        )
    return ofdm
