"""What a waveform is asked to do."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commgen._settings import Float, Int, PositiveFloat, Settings
from commgen.waveform.amplifier import Rapp
from commgen.waveform.mask import Mask
from commgen.waveform.ofdm import CpOfdm

_RollOff = Annotated[Float, Field(ge=0, le=0.9)]


class WaveformGoal(Settings):
    """Rate, amplifier and limit of a waveform.

    Parameters
    ----------
    num_bits_per_symbol
        Of the points that it carries: 4, 16, 64 or 256 of them.
    rate
        Bits for each tone in use, of all the band: the coded ones that a code of this
        rate protects.
    smoothness
        Of the amplifier, p of :class:`~commgen.waveform.amplifier.Rapp`.
    aclr_db
        Most power in an adjacent channel over that in the own one [dB], as of
        :func:`~commgen.waveform.emission.adjacent_db`.
    mask
        Beside the ACLR: distances from the centre, in bandwidths, and the most density
        there over the largest one [dB], on straight lines between, as of
        :class:`~commgen.waveform.mask.Mask`. What is learned sees the ACLR alone; the
        back-off keeps both.
    num_tones
        Tones in use.
    oversampling
        How many times faster than the tones it is sampled; adjacent channels are seen
        from 3 on.
    spread
        Whether symbols are spread over the tones by a DFT.
    roll_offs
        How much more tones there are than symbols: all that are to be tried, each at
        most 0.9. Above 0 the weights of the tones where symbols overlap are learned
        too; only with ``spread``.
    learn_points
        Whether points are learned, or those of QAM.
    num_layers
        Of the network that corrects the tones; 0: none.
    """

    num_bits_per_symbol: Literal[2, 4, 6, 8] = 4
    rate: PositiveFloat = 2.0
    smoothness: Annotated[Float, Field(ge=0.5, le=50)] = 2.0
    aclr_db: Annotated[Float, Field(ge=-80, le=-10)] = -30.0
    mask: tuple[tuple[Float, Float], ...] | None = None
    num_tones: Annotated[Int, Field(ge=16, le=4096)] = 256
    oversampling: Annotated[Int, Field(ge=3, le=16)] = 4
    spread: bool = True
    roll_offs: Annotated[tuple[_RollOff, ...], Field(min_length=1)] = (0.0,)
    learn_points: bool = True
    num_layers: Annotated[Int, Field(ge=0, le=16)] = 5

    @model_validator(mode="after")
    def _check(self):
        if any(self.roll_offs) and not self.spread:
            raise ValueError(
                "roll_offs must be 0 where symbols are not spread, got "
                f"{list(self.roll_offs)}"
            )
        num_data = self.num_data(max(self.roll_offs))
        most = self.num_bits_per_symbol * num_data / self.num_tones
        if self.rate >= most:
            raise ValueError(
                f"rate must be below {most:.4g} bits for each tone, those of "
                f"{num_data} symbols over {self.num_tones} tones, got {self.rate:g}"
            )
        return self

    @model_validator(mode="after")
    def _check_mask(self):
        if self.mask is not None:
            Mask(self.mask).check_bandwidth(1.0)
            if self.mask[0][0] >= self.oversampling / 2:
                raise ValueError(
                    f"mask must begin within {self.oversampling / 2:g} bandwidths, "
                    f"which oversampling shows, got {self.mask[0][0]:g}"
                )
        return self

    @property
    def spectral_mask(self) -> Mask | None:
        """The mask over frequency, where there is one."""
        if self.mask is None:
            return None
        width = self.ofdm.bandwidth_hz
        return Mask([(distance * width, level) for distance, level in self.mask])

    def num_data(self, roll_off: float) -> int:
        """Return how many symbols all tones carry at a roll-off."""
        return round(self.num_tones / (1 + roll_off))

    def amplifier(self, back_off_db: float) -> Rapp:
        """Return the amplifier at an input back-off."""
        return Rapp(self.smoothness, back_off_db)

    @property
    def ofdm(self) -> CpOfdm:
        """The tones, without a prefix."""
        return CpOfdm(self.num_tones, oversampling=self.oversampling)
