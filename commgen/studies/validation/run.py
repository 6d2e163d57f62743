"""The validation: all checks, each done once."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.studies.stages import Stages
from commgen.studies.validation.base_station import base_station_lines
from commgen.studies.validation.capacity import CODED, coded_lines, ergodic_lines
from commgen.studies.validation.clusters import CLUSTERS, cluster_lines
from commgen.studies.validation.codes import code_lines, decoder_lines
from commgen.studies.validation.fading import fading_lines, spectrum_lines
from commgen.studies.validation.groups import code_digest, known_groups
from commgen.studies.validation.line import Line
from commgen.studies.validation.report import save_lines
from commgen.studies.validation.size import QUICK, ValidationSize
from commgen.studies.validation.uncoded import NAMES, uncoded_lines


@dataclass(frozen=True)
class Check:
    """One step of the validation.

    Parameters
    ----------
    group
        One of ``GROUPS``.
    name
        A file name, for its result.
    lines
        Does it.
    """

    group: str
    name: str
    lines: Callable[[], list[Line]]


def run_validation(
    folder: Path,
    *,
    quick: bool = False,
    only: Sequence[str] | None = None,
    seed: int = 1,
    progress: bool = True,
) -> list[Line]:
    """Compare the simulator with theory, published numbers and the standards.

    Writes ``validation.csv`` and ``validation.png``. A check whose result is in
    ``folder/checks`` is not done again, unless size, seed or the code it runs through
    are other ones.

    Parameters
    ----------
    folder
        Where results are kept.
    quick
        Fewer draws, wider tolerances, and one row of TS 38.104.
    only
        Groups to do, of ``GROUPS``; all by default.
    seed
        Of all draws.
    progress
        Show a bar.

    Returns
    -------
    list of Line
        In the order of ``GROUPS``.

    Raises
    ------
    ValueError
        If ``only`` has another name, or ``seed`` is negative.
    """
    check_int("seed", seed, low=0)
    size = QUICK if quick else ValidationSize()
    checks = [c for c in all_checks(size, seed) if c.group in known_groups(only)]
    stages = Stages(Path(folder) / "checks")
    depends_on = {"size": asdict(size), "seed": seed, "code": code_digest()}
    lines: list[Line] = []
    with progress_bar(
        "validate", len(checks), unit="checks", enabled=progress
    ) as advance:
        for check in checks:
            found = stages.result(check.name, depends_on, partial(_as_json, check))
            lines.extend(Line(**entry) for entry in found)
            advance(1, note=check.name)
    save_lines(Path(folder), lines)
    return lines


def all_checks(size: ValidationSize, seed: int) -> list[Check]:
    """Return the checks of a size, in the order of ``GROUPS``."""
    checks = [
        Check(
            "uncoded",
            f"uncoded-{name.lower()}",
            partial(uncoded_lines, size, num_bits, seed=seed),
        )
        for num_bits, name in NAMES.items()
    ]
    checks += [
        Check("ldpc", f"ldpc-{k}-{n}", partial(code_lines, size, k, n, seed=seed))
        for k, n in size.codes
    ]
    paired = partial(decoder_lines, size, 512, 1024, seed=seed)
    checks.append(Check("ldpc", "ldpc-sum-product", paired))
    checks += [
        Check("channels", f"tdl-{name}", partial(fading_lines, size, name, seed=seed))
        for name in size.profiles
    ]
    spectrum = partial(spectrum_lines, size, "A", seed=seed)
    checks.append(Check("channels", "tdl-spectrum", spectrum))
    checks += [
        Check("channels", f"cdl-{name}", partial(cluster_lines, size, name, seed=seed))
        for name in CLUSTERS
    ]
    ergodic = partial(ergodic_lines, size, seed=seed)
    checks.append(Check("capacity", "capacity-ergodic", ergodic))
    checks += [
        Check(
            "capacity",
            f"capacity-{NAMES[num_bits].lower()}",
            partial(coded_lines, size, num_bits, k, seed=seed),
        )
        for num_bits, k in CODED
    ]
    return checks + [
        Check(
            "38.104",
            f"38104-{name.lower()}-{num_rx_ant}rx",
            partial(base_station_lines, size, name, num_rx_ant, seed=seed),
        )
        for name in size.reference_channels
        for num_rx_ant in size.num_rx_ant
    ]


def _as_json(check: Check) -> list[dict]:
    return [line.as_json() for line in check.lines()]
