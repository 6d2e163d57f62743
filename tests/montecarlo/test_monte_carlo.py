"""The sweep itself, over a coin that costs nothing."""

from dataclasses import replace

import numpy as np
import pytest

from commgen.measures.intervals import wilson_interval
from commgen.montecarlo import (
    BLER,
    CountedBatch,
    CurveReader,
    InProcess,
    Layout,
    MonteCarlo,
    PointCounts,
    Rate,
    SweepConfig,
    Tally,
    Trials,
    readings,
)
from commgen.montecarlo.run_folder import load_state, save_state

SWEEP = {
    "snr_start_db": 0,
    "snr_stop_db": 9,
    "snr_step_db": 3,
    "batch_size": 50,
    "max_num_blocks": 3000,
    "target_block_errors": 100,
}


THROUGHPUT = Rate(
    name="throughput",
    label="throughput",
    top="delivered",
    bottom="transmissions",
    falls=False,
)


def rate(i, snr_db):
    """Falls by ten every 10 dB, and lies 2 i dB to the right."""
    return 0.5 * 10 ** (-(snr_db - 2 * i) / 10)


def layout(snr_db, *, harq=False):
    return Layout(
        curves=("a", "b"),
        points=tuple(snr_db),
        events=("trials", "errors") + (("transmissions", "delivered") if harq else ()),
        rates=(BLER, THROUGHPUT) if harq else (BLER,),
    )


def coin(sweep, *, seed=1, blocks=1, harq=False):
    """A trial fails where a uniform number, common to all, lies below a rate."""

    def run(batch, pending):
        rng = np.random.default_rng([seed, batch])
        u, second = rng.uniform(size=(2, sweep.batch_size))
        counts = {}
        for i, j in np.argwhere(pending):
            failed = u < rate(i, sweep.snr_db[j])
            lost = failed & (second < rate(i, sweep.snr_db[j]))
            events = [np.ones(len(u)), failed * blocks]
            events += [1 + failed, 1 - lost.astype(int)] if harq else []
            sums = {"wrong": 3 * int(failed.sum()), "powers": [u.sum(), len(u)]}
            counts[i, j] = PointCounts(np.stack(events), sums)
        return CountedBatch.of(batch, counts)

    return Trials(layout(sweep.snr_db, harq=harq), run, num_blocks=blocks)


class Shuffled(InProcess):
    """Executor of several batches at once that come back in another order."""

    capacity = 5

    def __init__(self, simulator, seed):
        super().__init__(simulator)
        self._rng = np.random.default_rng(seed)

    def next_batch(self):
        self._queue.insert(0, self._queue.pop(self._rng.integers(len(self._queue))))
        return super().next_batch()


def make(executor=None, *, coin_options=None, **changes):
    sweep = SweepConfig(**{**SWEEP, **changes})
    trials = coin(sweep, **(coin_options or {}))
    if executor is not None:
        executor = executor(trials)
    return MonteCarlo(trials, sweep, executor=executor)


def assert_equal(one, other):
    for name in ("events", "joint", "resting", "blocks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert one.sums.keys() == other.sums.keys() == {"wrong", "powers"}
    for name, values in one.sums.items():
        np.testing.assert_array_equal(values, other.sums[name], name)
    assert one.num_batches == other.num_batches


@pytest.mark.parametrize("seed", range(5))
def test_batches_in_any_order_give_the_same_tally(seed):
    whole = make().run()
    assert len(set(whole.trials.ravel())) > 3
    other = make(executor=lambda simulator: Shuffled(simulator, seed))
    assert_equal(other.run(), whole)


def test_a_saved_state_goes_on_with_what_came_early(tmp_path):
    whole = make().run()
    part = make(executor=lambda simulator: Shuffled(simulator, 3))
    for _ in range(9):
        part.run_batch()
    assert part.waiting
    save_state(tmp_path / "state.npz", part.tally, part.waiting.values())
    tally, waiting, _ = load_state(tmp_path / "state.npz")
    assert [batch.batch for batch in waiting] == sorted(part.waiting)
    sweep = SweepConfig(**SWEEP)
    rest = MonteCarlo(coin(sweep), sweep, tally=tally, waiting=waiting)
    assert_equal(rest.run(), whole)


def test_a_point_rests_at_its_errors_its_width_or_its_floor():
    tally = make().run()
    reached = tally.block_errors >= 100
    assert np.all(reached | (tally.blocks >= 3000))
    assert np.all(tally.block_errors[reached] < 150)
    narrow = make(target_relative_width=0.2, max_num_blocks=10**6).run()
    for i, j in np.ndindex(2, 4):
        low, high = narrow.bler_interval(i, j)
        assert high - low <= 0.2 * narrow.block_errors[i, j] / narrow.blocks[i, j]
    assert np.all(narrow.blocks >= tally.blocks)
    floor = make(min_bler=0.2, target_block_errors=10**6).run()
    rates = np.array([[rate(i, snr) for snr in (0, 3, 6, 9)] for i in (0, 1)])
    assert np.all(floor.blocks[rates < 0.15] < 3000)
    assert np.all(floor.blocks[rates > 0.2] == 3000)


def test_adaptive_allocation_saves_blocks_at_equal_intervals():
    """Against as many blocks at each SNR as the rarest error needs."""
    settings = {
        "snr_stop_db": 27,
        "max_num_blocks": 10**8,
        "target_block_errors": 1000,
        "batch_size": 20_000,
    }
    tally = make(**settings).run()
    fixed = tally.blocks.max() * tally.blocks.size
    assert fixed > 3.5 * tally.blocks.sum()
    assert tally.block_errors.min() >= 1000


def test_joint_counts_are_sums_of_products():
    tally = make(target_block_errors=10**6).run()
    errors = np.zeros((2, 4, 3000), bool)
    for batch in range(60):
        u = np.random.default_rng([1, batch]).uniform(size=50)
        for i, j in np.ndindex(2, 4):
            errors[i, j, 50 * batch :][:50] = u < rate(i, 3 * j)
    expected = np.einsum("ijn,kln->ijkl", errors.astype(int), errors.astype(int))
    np.testing.assert_array_equal(tally.joint[1, :, :, 1], expected)
    np.testing.assert_array_equal(tally.joint[0, :, :, 1, 0, 0], expected[0, 0, 0, 0])
    np.testing.assert_array_equal(tally.block_errors, errors.sum(-1))


def test_a_batch_out_of_turn_or_of_another_kind_is_refused():
    sweep = SweepConfig(**SWEEP)
    trials = coin(sweep)
    everywhere = np.ones((2, 4), bool)
    tally = Tally.empty(trials.layout)
    with pytest.raises(ValueError, match="batch must be number 0, got 3"):
        tally.add(trials.run(3, everywhere))
    tally.add(trials.run(0, everywhere))
    other = replace(trials.run(1, everywhere), sums={"else": np.ones(8)})
    with pytest.raises(ValueError, match=r"sums \['powers', 'wrong'\], got \['else'\]"):
        tally.add(other)


def test_a_tally_of_another_sweep_is_refused():
    sweep = SweepConfig(**SWEEP)
    other = Tally.empty(layout([0.0]))
    with pytest.raises(ValueError, match=r"of 2 curves and 4 points, got \(2, 1\)"):
        MonteCarlo(coin(sweep), sweep, tally=other)
    rule = sweep.model_copy(update={"batch_size": None})
    with pytest.raises(ValueError, match="sweep must have a batch_size, got none"):
        MonteCarlo(coin(sweep), rule)


def test_batches_of_an_older_version_are_computed_again(tmp_path):
    """They lack a sum: without them the run goes on to the same numbers."""
    part = make(executor=lambda simulator: Shuffled(simulator, 3))
    for _ in range(9):
        part.run_batch()
    old = [
        replace(batch, sums={"wrong": batch.sums["wrong"]})
        for batch in part.waiting.values()
    ]
    save_state(tmp_path / "state.npz", part.tally, old)
    tally, waiting, _ = load_state(tmp_path / "state.npz")
    assert old
    assert waiting == []
    sweep = SweepConfig(**SWEEP)
    assert_equal(MonteCarlo(coin(sweep), sweep, tally=tally).run(), make().run())


def test_blocks_of_one_slot_count_as_one_where_they_fail_together():
    tally = make(coin_options={"blocks": 4}, max_num_blocks=4000).run()
    errors, trials = int(tally.block_errors[0, 0]), int(tally.trials[0, 0])
    expected = wilson_interval(errors / 4, trials)
    assert tally.bler_interval(0, 0) == pytest.approx(expected)


class TestReadings:
    def test_the_target_is_met_where_it_was_put(self):
        tally = make(target_block_errors=20_000, max_num_blocks=10**6, batch_size=5000)
        tally = tally.run()
        reader = CurveReader(tally, layout([0, 3, 6, 9]))
        # 0.5 x 10^(-snr / 10) is 0.15 at 5.23 dB, and the curve is straight.
        for i, expected in ((0, 5.2288), (1, 7.2288)):
            reading = reader.read(i, 0.15)
            low, high = reader.interval(reading)
            assert low < high
            assert abs(reading.value - expected) < high - low

    def test_intervals_cover_and_pairs_are_narrower(self):
        """Over 300 repetitions of 2,000 slots; four standard errors of 95 % are 5 %."""
        covered, gains, widths = [], [], []
        for seed in range(300):
            tally = make(
                coin_options={"seed": seed},
                target_block_errors=10**6,
                max_num_blocks=2000,
                batch_size=2000,
            ).run()
            reader = CurveReader(tally, layout([0, 3, 6, 9]))
            a, b = reader.read(0, 0.2), reader.read(1, 0.2)
            low, high = reader.interval(a)
            covered.append(low < 3.9794 < high)
            gain, gain_low, gain_high = reader.gain(a, b)
            gains.append(gain_low < 2 < gain_high)
            widths.append((gain_high - gain_low, high - low, gain))
        assert np.mean(covered) > 0.90
        assert np.mean(gains) > 0.90
        assert np.mean(covered) < 0.99
        assert np.mean(gains) < 0.995
        paired, single, gain = np.mean(widths, axis=0)
        assert gain == pytest.approx(2, abs=0.1)
        assert paired < 1.1 * single  # independent ones: 1.41

    def test_throughput_counts_deliveries_per_transmission(self):
        tally = make(coin_options={"harq": True}, target_block_errors=10**6).run()
        both = layout([0, 3, 6, 9], harq=True)
        for i, j in np.ndindex(2, 4):
            p = min(rate(i, 3 * j), 1.0)
            value, low, high = tally.rate(both, THROUGHPUT, i, j)
            expected = (1 - p * p) / (1 + p)
            assert low <= value <= high
            assert value == pytest.approx(expected, abs=1.5 * (high - low) + 1e-9)
        reader = CurveReader(tally, both, "throughput")
        # (1 - p^2) / (1 + p) = 1 - p = 0.7 at p = 0.3.
        reading = reader.read(0, 0.7)
        low, high = reader.interval(reading)
        assert low - 0.1 < 10 * np.log10(0.5 / 0.3) < high + 0.1
        rows = readings(tally, both, {"bler": [0.2], "throughput": [0.7]})
        assert [row["measure"] for row in rows] == ["bler"] * 2 + ["throughput"] * 2
        assert rows[0]["gain_db"] == 0
        assert rows[1]["gain_db"] == pytest.approx(-2, abs=0.6)

    def test_what_is_not_reached_is_nan(self):
        tally = make(snr_stop_db=3).run()
        reader = CurveReader(tally, layout([0, 3]))
        assert np.isnan(reader.read(0, 0.01).value)
        assert np.isnan(reader.read(0, 0.9).value)
        nothing = reader.read(0, 0.01)
        assert np.isnan(reader.gain(nothing, reader.read(0, 0.3))).all()

    def test_no_errors_count_as_half_of_one(self):
        tally = make(target_block_errors=5, max_num_blocks=200, snr_stop_db=60)
        tally = tally.run()
        assert tally.block_errors[0, -1] == 0
        reader = CurveReader(tally, layout(range(0, 61, 3)))
        reading = reader.read(0, 0.02)
        assert np.isfinite(reader.interval(reading)).all()

    def test_bad_input(self):
        tally = make().run()
        both = layout([0, 3, 6, 9], harq=True)
        with pytest.raises(ValueError, match="measure must be bler or throughput"):
            CurveReader(tally, both, "speed")
        with pytest.raises(ValueError, match="measure must be bler, got 'throughput'"):
            CurveReader(tally, layout([0, 3, 6, 9]), "throughput")
        with pytest.raises(ValueError, match=r"target must be in \(0, 1\), got 2"):
            CurveReader(tally, layout([0, 3, 6, 9])).read(0, 2)
