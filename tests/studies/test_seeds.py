"""Seeds of parts: those that tables were published with, and no others by the way."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from commgen import studies
from commgen.studies.seeds import OFFSETS, STEPS, part_seed

# Of different studies, which have seeds of their own, and so share nothing by purpose.
SHARED = {
    frozenset({"generative/link channels", "estimation/umi64-large"}),
    frozenset({"generative/macrocell", "estimation/spatial"}),
    frozenset({"generative/grid train", "estimation/grid train"}),
    frozenset({"generative/grid test", "estimation/grid test"}),
    frozenset({"set/train", "augmentation/trial", "shifts/set", "tdl-grid/train"}),
    frozenset({"set/again", "spatial-model/noise"}),
    frozenset(
        {
            "set/validation",
            "shifts/detector",
            "observations/moving",
            "receivers/network",
            "tdl-grid/test",
        }
    ),
}


@pytest.mark.parametrize(
    ("part", "index", "seed"),
    [
        ("set/again", 0, 10),
        ("generative/judged draws", 0, 14),
        ("generative/grid test", 0, 38),
        ("augmentation/trial", 2, 2007),
        ("estimation/limit noise", 0, 68),
        ("estimation/pusch", 0, 87),
        ("shifts/set", 10, 17),
    ],
)
def test_published_tables_keep_their_seeds(part, index, seed):
    assert part_seed(7, part, index) == seed


def test_no_two_parts_of_a_study_have_one_seed():
    names = defaultdict(set)
    for part, offset in OFFSETS.items():
        if offset is not None:
            names[offset].add(part)
    assert {frozenset(n) for n in names.values() if len(n) > 1} == SHARED
    assert set(STEPS) <= set(OFFSETS)


def test_a_derived_seed_follows_from_its_name(monkeypatch):
    monkeypatch.setitem(OFFSETS, "a", None)
    monkeypatch.setitem(OFFSETS, "b", None)
    seeds = {part_seed(s, part, k) for s in (0, 1) for part in "ab" for k in (0, 1)}
    assert len(seeds) == 8
    assert part_seed(1, "a") == part_seed(1, "a")


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match=r"part must be of .* got 'gird'"):
        part_seed(1, "gird")
    with pytest.raises(ValueError, match="seed must be at least 0"):
        part_seed(-1, "set/train")


def test_no_study_adds_to_a_seed():
    root = Path(studies.__file__).parent
    found = [
        (path.name, line)
        for path in root.rglob("*.py")
        if path.name != "seeds.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"seed\s*\+|\+\s*(\w+\.)?seed\b", line)
    ]
    assert found == []
