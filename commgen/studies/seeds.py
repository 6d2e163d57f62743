"""Seeds of the parts of a study: one function, and where published digits hang."""

import numpy as np

from commgen._checks import check_int

#: Part to what is added to the seed of its study, as tables were published with it;
#: None is derived from the name. Within a study no two parts have the same number;
#: studies do not know of each other, and ``set/`` counts from the seed of the set.
OFFSETS: dict[str, int | None] = {
    "small": None,
    "set/train": 0,
    "set/validation": 1,
    "set/test": 2,
    "set/again": 3,
    "generative/judged draws": 7,
    "generative/exchange draws": 8,
    "generative/ranking draws": 9,
    "generative/link channels": 10,
    "generative/link draws": 11,
    "generative/macrocell": 20,
    "generative/grid train": 30,
    "generative/grid test": 31,
    "augmentation/trial": 0,
    "beams/alignment looks": None,
    "beams/alignment model": None,
    "beams/alignment paths": None,
    "beams/believed": None,
    "beams/believed drops": None,
    "beams/downlink drops": None,
    "beams/downlink drops seen": None,
    "beams/downlink others": None,
    "beams/downlink others seen": None,
    "beams/downlink thresholds": None,
    "beams/drops": None,
    "beams/known": None,
    "beams/looks noise": None,
    "beams/looks prior": None,
    "beams/looks search": None,
    "beams/partial": None,
    "beams/partial learned": None,
    "beams/partial pool": None,
    "beams/partial seen": None,
    "beams/umi asking": None,
    "beams/umi downlink drops": None,
    "beams/umi downlink others": None,
    "beams/umi drops": None,
    "estimation/umi64-large": 10,
    "estimation/spatial": 20,
    "estimation/grid train": 30,
    "estimation/grid test": 31,
    "estimation/grid noise": 32,
    "estimation/angle": 40,
    "estimation/calibration": 50,
    "estimation/judging": 51,
    "estimation/choice": 52,
    "estimation/limit channels": 60,
    "estimation/limit noise": 61,
    "estimation/shifts": 70,
    "estimation/shift noise": 71,
    "estimation/pusch": 80,
    "shifts/set": 0,
    "shifts/detector": 1,
    "federated/train": None,
    "federated/validation": None,
    "federated/test": None,
    "federated/split": None,
    "federated/model": None,
    "federated/node": None,
    "federated/central": None,
    "federated/mixture": None,
    "federated/draws": None,
    "federated/generated": None,
    "federated/server": None,
    "federated/choice": None,
    "federated/local": None,
    "federated/adapted": None,
    "federated/judging": None,
    "feedback/delay-angle": None,
    "feedback/delay-angle model": None,
    "feedback/losses": None,
    "feedback/limited codebook": None,
    "feedback/limited noise": None,
    "feedback/limited pilots": None,
    "feedback/limited sets": None,
    "feedback/limited users": None,
    "feedback/mixed codebook": None,
    "feedback/mixed draws": None,
    "feedback/mixed learning": None,
    "feedback/mixed learning noise": None,
    "feedback/mixed noise": None,
    "feedback/mixed sets": None,
    "feedback/mixed users": None,
    "feedback/model": None,
    "feedback/steered": None,
    "feedback/subbands": None,
    "observations/look draws": None,
    "observations/look noise": None,
    "observations/looks": None,
    "feedback/tracks": None,
    "observations/moving": 1,
    "receivers/network": 1,
    "signal/amplified": None,
    "signal/blocks": None,
    "signal/choice": None,
    "signal/clusters": None,
    "signal/degradation": None,
    "signal/draws": None,
    "signal/learning": None,
    "signal/link": None,
    "signal/model": None,
    "signal/pilotless": None,
    "signal/robust blocks": None,
    "signal/robust": None,
    "signal/search": None,
    "signal/separate": None,
    "signal/slots": None,
    "signal/start": None,
    "site/blocks": None,
    "site/draws": None,
    "site/model": None,
    "site/search": None,
    "site/test": None,
    "site/train": None,
    "spatial-model/noise": 3,
    "tdl-grid/train": 0,
    "tdl-grid/test": 1,
}
#: What each further one of a numbered part adds; 1 where it is not named.
STEPS = {"augmentation/trial": 1000}


def part_seed(seed: int, part: str, index: int = 0) -> int:
    """Return the seed of a part of a study.

    Parameters
    ----------
    seed
        Of the study.
    part
        Key of :data:`OFFSETS`.
    index
        Of several that are alike, such as repeats.

    Raises
    ------
    TypeError, ValueError
        If the part is unknown, or a number is negative or not whole.

    Examples
    --------
    >>> part_seed(1, "estimation/angle"), part_seed(1, "augmentation/trial", 2)
    (41, 2001)
    """
    check_int("seed", seed, low=0)
    check_int("index", index, low=0)
    if part not in OFFSETS:
        raise ValueError(f"part must be of {list(OFFSETS)}, got {part!r}.")
    offset = OFFSETS[part]
    if offset is not None:
        return seed + offset + STEPS.get(part, 1) * index
    words = np.random.SeedSequence([seed, index, *part.encode()]).generate_state(1)
    return int(words[0])
