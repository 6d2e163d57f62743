"""The mixture over a slot that a radio host makes itself, of tapped delay lines."""

from functools import lru_cache

from commgen.frame.covariance import DELAY_SPREADS_S, MAX_DOPPLER_HZ
from commgen.frame.frame import Frame
from commgen.frame.slot_bank import DelayPowers, mid_points, profile_bank
from commgen.frame.slot_mixture import GridMixture
from commgen.sdr.air.profiles import delay_profiles

_TOLERANCE = 1e-4  # of a link, where 40 dB below the channel is enough
_NUM_SPREADS, _NUM_INSIDE = 6, 3  # components of a profile, delay spreads in one
_NUM_DOPPLERS = 3


@lru_cache(maxsize=2)
def tdl_mixture(
    frame: Frame,
    delay_spreads_s: tuple[float, float] = DELAY_SPREADS_S,
    max_doppler_hz: float = MAX_DOPPLER_HZ,
) -> GridMixture:
    """Return the mixture of TDL-A to -E over ranges of delay and Doppler spread.

    Parameters
    ----------
    frame
        The grid.
    delay_spreads_s
        Least and greatest RMS delay spread [s], log-uniform.
    max_doppler_hz
        Greatest Doppler shift [Hz], uniform from 0.
    """
    low, high = delay_spreads_s
    spreads = mid_points(low, high, _NUM_SPREADS * _NUM_INSIDE, log=True)
    profiles = [
        [DelayPowers(p.delays * s, p.powers, p.los_power) for s in row]
        for p in delay_profiles().values()
        for row in spreads.reshape(_NUM_SPREADS, _NUM_INSIDE)
    ]
    return profile_bank(
        [i * frame.symbol_duration_s for i in range(frame.num_ofdm_symbols)],
        frame.subcarriers * frame.subcarrier_spacing_hz,
        profiles,
        mid_points(0, max_doppler_hz, _NUM_DOPPLERS),
        tolerance=_TOLERANCE,
    )
