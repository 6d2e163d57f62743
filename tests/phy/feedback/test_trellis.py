"""Trellis-coded quantisation: the best path, and as near the limit as was published."""

import itertools

import numpy as np
import pytest

from commgen.phy.feedback.arithmetic import decode_path, encode
from commgen.phy.feedback.trellis import search, tables_of, trellis
from commgen.phy.feedback.trellis_tables import class_of, gaussian_tables

STATES = (4, 8, 16, 32, 64)


def searched(x, which, tables, path):
    levels = np.zeros(len(x), np.int64)
    cost = search(
        x,
        which,
        path.next_states,
        path.unions,
        tables.ends,
        tables.points,
        tables.lengths,
        levels,
    )
    rows = np.zeros(len(x), np.int64)
    tables_of(levels, which, path.next_states, path.unions, rows)
    return cost, levels, rows


def told(x, levels, rows, tables, lengths):
    """Error and bits of levels within the tables."""
    values, _ = tables.values(rows, levels)
    ends = tables.ends[rows]
    bits = lengths[rows, levels + ends] + (np.abs(levels) == ends)
    return np.sum((x - values) ** 2) + bits.sum()


@pytest.mark.parametrize("num_states", STATES)
def test_every_state_is_entered_from_two(num_states):
    path = trellis(num_states)
    assert np.all(np.bincount(path.next_states.ravel()) == 2)
    assert np.all(np.diff(np.sort(path.next_states, axis=1), axis=1) > 0)
    assert path.unions.sum() == num_states // 2


@pytest.mark.parametrize("num_states", STATES)
def test_sequences_of_subsets_lie_as_far_apart_as_their_code_says(num_states):
    """Squared free distance of Ungerboeck's Table I, in squared steps."""
    path = trellis(num_states)
    # Parallel branches are four steps apart, subsets of one union two.
    found, least = 16.0, {tuple(after): 4.0 for after in path.next_states.tolist()}
    for _ in range(60):
        new = {}
        for (a, b), d in least.items():
            for p, q in itertools.product((0, 1), (0, 1)):
                one = 2 * p + path.unions[a]
                other = 2 * q + path.unions[b]
                gap = abs(one - other)
                total = d + min(gap, 4 - gap) ** 2
                pair = path.next_states[a, p], path.next_states[b, q]
                if pair[0] == pair[1]:
                    found = min(found, total)
                elif total < min(new.get(pair, found), found):
                    new[pair] = total
        least = new
    assert found == {4: 9, 8: 10, 16: 11, 32: 13, 64: 14}[num_states]


def test_no_path_is_better_than_what_the_search_finds():
    tables, path = gaussian_tables(), trellis(4)
    lengths = tables.lengths
    rng = np.random.default_rng(0)
    for _ in range(5):
        variances = np.array([8.0, 4.0, 2.0, 1.0])
        x = rng.standard_normal(4) * np.sqrt(variances)
        which = class_of(variances)
        cost, levels, rows = searched(x, which, tables, path)
        assert cost == pytest.approx(told(x, levels, rows, tables, lengths))
        for other in itertools.product(range(-2, 3), repeat=4):
            other = np.array(other, np.int64)
            tables_of(other, which, path.next_states, path.unions, rows)
            if np.all(np.abs(other) <= tables.ends[rows]):
                assert told(x, other, rows, tables, lengths) > cost - 1e-9


@pytest.mark.parametrize("size", [1.0, 40.0])
def test_paths_come_back_from_their_bits(size):
    """Also where levels lie outside the tables."""
    tables, path = gaussian_tables(), trellis(8)
    rng = np.random.default_rng(1)
    first = np.array([0, 1 << 16])
    for _ in range(50):
        variances = 2.0 ** rng.uniform(0, 8, 30)
        x, which = size * rng.standard_normal(30) * variances**0.5, class_of(variances)
        cost, levels, rows = searched(x, which, tables, path)
        bits = np.empty(5000, np.uint8)
        n = encode(0, levels, rows, first, tables.tables, tables.ends, bits)
        found = np.zeros(30, np.int64)
        args = path.next_states, path.unions, first, tables.tables, tables.ends
        assert decode_path(bits[:n], 2 * which, *args, found) == 0
        np.testing.assert_array_equal(found, levels)
        values, _ = tables.values(rows, levels)
        # The search knows what escapes cost.
        assert np.sum((x - values) ** 2) + n == pytest.approx(cost, abs=2.1)


@pytest.mark.parametrize(("num_states", "most_db"), [(8, 0.65), (32, 0.45)])
def test_gaussian_numbers_are_nearer_the_limit_than_scalars(num_states, most_db):
    """Uniform quantisers of single numbers lose 1.53 dB at high rates."""
    rng = np.random.default_rng(2)
    variance = 2.0**8
    tables, path = gaussian_tables(num_states), trellis(num_states)
    for seed in range(5):
        x = rng.standard_normal(20_000) * variance**0.5
        which = np.full(len(x), class_of(np.array(variance)))
        _, levels, rows = searched(x, which, tables, path)
        values, _ = tables.values(rows, levels)
        ends = tables.ends[rows]
        at = rows, np.clip(levels, -ends, ends) + ends
        bits = tables.lengths[at].mean()
        error = np.mean((x - values) ** 2)
        if seed < 4:
            sums = [np.zeros(tables.points.shape) for _ in range(3)]
            for power, total in enumerate(sums):
                np.add.at(total, at, x**power)
            tables = tables.learned(*sums)
    lost_db = 10 * np.log10(error / (variance * 2 ** (-2 * bits)))
    assert 0 < lost_db < most_db
    promised = tables.values(rows, levels)[1].mean()
    assert promised == pytest.approx(error, rel=0.05)


def test_a_trellis_that_nobody_made_is_refused():
    with pytest.raises(ValueError, match=r"num_states must be of \[4, 8"):
        trellis(5)
