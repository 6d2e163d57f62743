"""How good designed signals are: the parts of the study, in their order."""

from pathlib import Path

from commgen.studies.parts import Part, run_parts
from commgen.studies.tables import Rows


def signal_study(
    output: Path, *, seed: int, quick: bool = False, only: str | None = None
) -> dict[str, Rows]:
    """Design signals, and lay them beside those that simulators have.

    Parameters
    ----------
    output, seed, quick
        As of :func:`~commgen.studies.parts.run_parts`, and so is the result.
    only
        One of :data:`PARTS`; all where None.
    """
    return run_parts(PARTS, output, seed=seed, quick=quick, only=only)


def _constellations() -> Part:
    from commgen.studies.signal import constellations as part

    return Part(part.constellation_study, part.ConstellationSize(), part.QUICK)


def _conditional() -> Part:
    from commgen.studies.signal import conditional as part

    return Part(part.conditional_study, part.ConditionalSize(), part.QUICK)


def _robust() -> Part:
    from commgen.studies.signal import robust as part

    return Part(part.robust_study, part.RobustSize(), part.QUICK)


def _channels() -> Part:
    from commgen.studies.signal import channels as part

    return Part(part.channel_study, part.ChannelSize(), part.QUICK)


def _waveforms() -> Part:
    from commgen.studies.signal import waveforms as part

    return Part(part.waveform_study, part.WaveformSize(), part.QUICK)


def _surrogate() -> Part:
    from commgen.studies.signal import surrogate as part

    return Part(part.surrogate_study, part.SurrogateSize(), part.QUICK)


def _pilotless() -> Part:
    from commgen.studies.signal import pilotless as part

    return Part(part.pilotless_study, part.PilotlessSize(), part.QUICK)


#: What makes each part.
PARTS = {
    "constellations": _constellations,
    "conditional": _conditional,
    "robust": _robust,
    "channels": _channels,
    "waveforms": _waveforms,
    "surrogate": _surrogate,
    "pilotless": _pilotless,
}
