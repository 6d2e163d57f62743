"""Classical waveforms for a goal, each with its numbers searched."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from commgen._progress import progress_bar
from commgen._settings import Float, Int, Settings
from commgen.design.waveform.back_off import least_degradation
from commgen.design.waveform.goal import WaveformGoal
from commgen.frame.constellation import Constellation
from commgen.waveform.active_extension import ActiveExtension
from commgen.waveform.clipping import ClippedWaveform
from commgen.waveform.degradation import Degradation, Transmission
from commgen.waveform.dft_spread import DftSpreadOfdm, root_raised_cosine
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.selected_mapping import SelectedMapping
from commgen.waveform.tone_reservation import ToneReservation
from commgen.waveform.tones import HasTones

# What is searched: shares of the tones that carry no symbol of their own, clipping
# levels [dB] with rounds, and what the slower reducers may cut.
_SHARES = (0.03, 0.06, 0.1, 0.15, 0.2, 0.25)
_CLIPS_DB = (-4.0, -2.5, -1.0, 0.0, 1.0, 2.0, 3.5, 5.0)
_ROUNDS = (1, 3, 8)
_RESERVED, _RESERVED_CLIPS_DB = (0.05, 0.1), (4.0, 6.0)
_EXTENSION_CLIPS_DB = (3.0, 4.5, 6.0)
_CANDIDATES = 16
# A constellation of QAM loses all where a tone is to carry more of its bits than this.
_FULLEST = 0.95
_STEPS = 15

#: Families in their order, and whether they go through the ideal predistorter.
FAMILIES = {
    "CP-OFDM": False,
    "CP-OFDM, clipped and filtered": False,
    "CP-OFDM, reserved tones": False,
    "CP-OFDM, active extension": False,
    "CP-OFDM, selected mapping": False,
    "DFT-s-OFDM": False,
    "DFT-s-OFDM, shaped": False,
    "DFT-s-OFDM, clipped and filtered": False,
    "DFT-s-OFDM, shaped, clipped and filtered": False,
    "CP-OFDM, ideal predistortion": True,
    "DFT-s-OFDM, ideal predistortion": True,
}


class ClippedSettings(Settings):
    """Numbers of OFDM, spread or not, clipped or not.

    Parameters
    ----------
    spread
        Whether symbols are spread by a DFT.
    num_data
        Symbols over all tones; None: as many. Fewer are shaped by a root of a raised
        cosine.
    clip_db, num_iterations
        As of :class:`~commgen.waveform.clipping.ClippedWaveform`; None: not clipped.
    """

    spread: bool = False
    num_data: Int | None = None
    clip_db: Float | None = None
    num_iterations: Int = 1

    def waveform(self, ofdm: CpOfdm) -> HasTones:
        """Return the waveform over tones."""
        found: HasTones = ofdm
        if self.spread:
            shaping = None
            if self.num_data is not None:
                shaping = root_raised_cosine(self.num_data, ofdm.num_subcarriers)
            found = DftSpreadOfdm(ofdm, self.num_data, shaping)
        if self.clip_db is None:
            return found
        return ClippedWaveform(found, self.clip_db, self.num_iterations)

    @property
    def family(self) -> str:
        """One of :data:`FAMILIES`."""
        shaped = ", shaped" if self.num_data is not None else ""
        clipped = "" if self.clip_db is None else ", clipped and filtered"
        return ("DFT-s-OFDM" if self.spread else "CP-OFDM") + shaped + clipped

    def __str__(self) -> str:
        told = [] if self.num_data is None else [f"{self.num_data} symbols"]
        if self.clip_db is not None:
            told.append(f"clipped at {self.clip_db:g} dB, {self.num_iterations} times")
        return ", ".join(told)


@dataclass(frozen=True)
class Candidate:
    """A waveform with its numbers.

    Parameters
    ----------
    family
        One of :data:`FAMILIES`.
    settings
        Its numbers, as words or as what writes them.
    waveform
        Itself.
    """

    family: str
    settings: ClippedSettings | str
    waveform: HasTones


def classical(
    goal: WaveformGoal,
    *,
    seed: int,
    num_blocks: int,
    coarse: bool = False,
    progress: bool = False,
) -> list[Candidate]:
    """Return the best of each family, by symbols that are for this choice alone.

    Parameters
    ----------
    goal
        What is asked for; what is learned does not matter.
    seed, num_blocks
        As of :class:`~commgen.waveform.degradation.Transmission`.
    coarse
        Try few numbers.
    progress
        Show a progress bar.
    """
    qam = Constellation.qam(goal.num_bits_per_symbol)
    tried = list(candidates(goal, coarse=coarse))
    best: dict[str, tuple[float, Candidate]] = {}
    bar = progress_bar("classical", len(tried), unit="waveforms", enabled=progress)
    with bar as go:
        for one in tried:
            sent = Transmission(one.waveform, qam, seed=seed, num_blocks=num_blocks)
            found = least_degradation(sent, goal, predistorted=FAMILIES[one.family])
            cost = np.inf if found is None else found.total_db
            if cost < best.get(one.family, (np.inf, None))[0]:
                best[one.family] = cost, one
            go(1, note=one.family)
    return [best[family][1] for family in FAMILIES if family in best]


def measured(
    one: Candidate, goal: WaveformGoal, *, seed: int, num_blocks: int
) -> Degradation | None:
    """Return what a candidate costs at its best back-off, of symbols of its own."""
    qam = Constellation.qam(goal.num_bits_per_symbol)
    sent = Transmission(one.waveform, qam, seed=seed, num_blocks=num_blocks)
    return least_degradation(sent, goal, predistorted=FAMILIES[one.family])


def candidates(goal: WaveformGoal, *, coarse: bool = False) -> Iterator[Candidate]:
    """Yield all that are tried, or of their numbers a few."""
    every = 4 if coarse else 1
    ofdm, plain = goal.ofdm, list(_unclipped(goal, _SHARES[::every]))
    clips = itertools.product(_CLIPS_DB[::every], _ROUNDS[::every])
    clipped = [
        settings.model_copy(update={"clip_db": clip_db, "num_iterations": rounds})
        for (clip_db, rounds), settings in itertools.product(clips, plain)
    ]
    for settings in (*plain, *clipped):
        yield Candidate(settings.family, settings, settings.waveform(ofdm))
    yield from _reduced(goal, ofdm)
    for settings in plain:
        family = "DFT-s-OFDM" if settings.spread else "CP-OFDM"
        waveform = settings.waveform(ofdm)
        yield Candidate(f"{family}, ideal predistortion", settings, waveform)


def _unclipped(goal, shares) -> Iterator[ClippedSettings]:
    yield ClippedSettings()
    yield ClippedSettings(spread=True)
    for share in shares:
        num_data = round(goal.num_tones * (1 - share))
        if _room(goal, num_data):
            yield ClippedSettings(spread=True, num_data=num_data)


def _room(goal, num_data) -> bool:
    bits = goal.num_bits_per_symbol * num_data / goal.num_tones
    return goal.rate < _FULLEST * bits


def _reduced(goal: WaveformGoal, ofdm: CpOfdm) -> Iterator[Candidate]:
    """Yield reserved tones, active extension, and selected mapping."""
    num = ofdm.num_subcarriers
    for share in _RESERVED:
        size = round(share * num)
        places = np.sort(np.random.default_rng(size).permutation(num)[:size])
        for clip_db in _RESERVED_CLIPS_DB:
            if _room(goal, num - size):
                waveform = ToneReservation(ofdm, places, clip_db, _STEPS)
                told = f"{size} tones, clipped at {clip_db:g} dB"
                yield Candidate("CP-OFDM, reserved tones", told, waveform)
    qam = Constellation.qam(goal.num_bits_per_symbol)
    for clip_db in _EXTENSION_CLIPS_DB:
        waveform = ActiveExtension(ofdm, qam, clip_db, _STEPS)
        told = f"clipped at {clip_db:g} dB"
        yield Candidate("CP-OFDM, active extension", told, waveform)
    if _room(goal, num - _CANDIDATES):
        waveform = SelectedMapping(ofdm, _CANDIDATES, _CANDIDATES, seed=0)
        told = f"{_CANDIDATES} candidates"
        yield Candidate("CP-OFDM, selected mapping", told, waveform)
