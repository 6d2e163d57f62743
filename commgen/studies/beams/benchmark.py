"""Beams to several users: the parts of the study, in their order."""

from pathlib import Path

from commgen.studies.parts import Part, run_parts
from commgen.studies.tables import Rows


def beams_study(
    output: Path, *, seed: int, quick: bool = False, only: str | None = None
) -> dict[str, Rows]:
    """Lay precoders beside WMMSE and the limit.

    Parameters
    ----------
    output, seed, quick
        As of :func:`~commgen.studies.parts.run_parts`, and so is the result.
    only
        One of :data:`PARTS`; all where None.
    """
    return run_parts(PARTS, output, seed=seed, quick=quick, only=only)


def _precoding() -> Part:
    from commgen.studies.beams import precoding as part

    return Part(part.precoding_study, part.PrecodingSize(), part.QUICK)


def _downlink() -> Part:
    from commgen.studies.beams import downlink as part

    return Part(part.downlink_study, part.DownlinkSize(), part.QUICK)


def _partial() -> Part:
    from commgen.studies.beams import partial as part

    return Part(part.partial_study, part.PartialSize(), part.QUICK)


def _chains() -> Part:
    from commgen.studies.beams import chains as part

    return Part(part.chains_study, part.ChainsSize(), part.QUICK)


def _looks() -> Part:
    from commgen.studies.beams import looks as part

    return Part(part.looks_study, part.LooksSize(), part.QUICK)


def _alignment() -> Part:
    from commgen.studies.beams import alignment as part

    return Part(part.alignment_study, part.AlignmentSize(), part.QUICK)


#: What makes each part.
PARTS = {
    "precoding": _precoding,
    "partial": _partial,
    "downlink": _downlink,
    "chains": _chains,
    "looks": _looks,
    "alignment": _alignment,
}
