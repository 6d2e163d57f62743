"""How good reports of few bits are: the parts of the study, in their order."""

from pathlib import Path

from commgen.studies.parts import Part, run_parts
from commgen.studies.tables import Rows


def feedback_study(
    output: Path, *, seed: int, quick: bool = False, only: str | None = None
) -> dict[str, Rows]:
    """Lay reports of channels beside codebooks and ideal codes.

    Parameters
    ----------
    output, seed, quick
        As of :func:`~commgen.studies.parts.run_parts`, and so is the result.
    only
        One of :data:`PARTS`; all where None.
    """
    return run_parts(PARTS, output, seed=seed, quick=quick, only=only)


def _umi64() -> Part:
    from commgen.studies.feedback import umi64 as part

    return Part(part.umi64_study, part.Umi64Size(), part.QUICK)


def _subbands() -> Part:
    from commgen.studies.feedback import subbands as part

    return Part(part.subband_study, part.SubbandSize(), part.QUICK)


def _rate() -> Part:
    from commgen.studies.feedback import rate as part

    return Part(part.rate_study, part.RateSize(), part.QUICK)


def _tracking() -> Part:
    from commgen.studies.feedback import tracking as part

    return Part(part.tracking_study, part.TrackingSize(), part.QUICK)


def _limited() -> Part:
    from commgen.studies.feedback import limited as part

    return Part(part.limited_study, part.LimitedSize(), part.QUICK)


def _learned() -> Part:
    from commgen.studies.feedback import learned as part

    return Part(part.learned_study, part.LearnedSize(), part.QUICK)


def _delay_angle() -> Part:
    from commgen.studies.feedback import delay_angle as part

    return Part(part.delay_angle_study, part.DelaySize(), part.QUICK)


#: What makes each part.
PARTS = {
    "umi64": _umi64,
    "subbands": _subbands,
    "rate": _rate,
    "tracking": _tracking,
    "limited": _limited,
    "learned": _learned,
    "delay-angle": _delay_angle,
}
