"""The sweep itself, over a link that costs nothing."""

import numpy as np
import pytest

from commgen.measures.intervals import wilson_interval
from commgen.phy import CurveReader, InProcess, MonteCarlo, Simulator, Tally, readings
from commgen.phy.counts import Block, Counts
from commgen.phy.run_folder import load_state, save_state
from commgen.phy.simulation.config import SweepConfig

SWEEP = {
    "snr_start_db": 0,
    "snr_stop_db": 9,
    "snr_step_db": 3,
    "batch_size": 50,
    "max_num_blocks": 3000,
    "target_block_errors": 100,
}


class CoinLink:
    """A slot fails where a uniform number, common to all, lies below a rate.

    The rate of estimator i falls by ten every 10 dB, and lies 2 i dB to the right.
    """

    def __init__(self, seed=1, blocks=1, harq=False):
        self.seed, self.num_blocks_per_slot, self.harq = seed, blocks, harq
        self.num_bits_per_slot = 10 * blocks

    @staticmethod
    def rate(i, snr_db):
        return 0.5 * 10 ** (-(snr_db - 2 * i) / 10)

    def run_batch(self, batch, batch_size, snr_db, estimators, pending):
        rng = np.random.default_rng([self.seed, batch])
        u = rng.uniform(size=batch_size)
        second = rng.uniform(size=batch_size)
        for i, j in np.argwhere(pending):
            failed = u < self.rate(i, snr_db[j])
            lost = failed & (second < self.rate(i, snr_db[j]))
            harq = (1 + failed, 1 - lost.astype(int)) if self.harq else ()
            ones = np.ones(batch_size)
            errors = failed * self.num_blocks_per_slot
            yield i, j, Counts(3 * failed, errors, u, ones, ones, *harq)


class Shuffled(InProcess):
    """Executor of several batches at once that come back in another order."""

    capacity = 5

    def __init__(self, simulator, seed):
        super().__init__(simulator)
        self._rng = np.random.default_rng(seed)

    def next_block(self):
        self._queue.insert(0, self._queue.pop(self._rng.integers(len(self._queue))))
        return super().next_block()


def nothing(y, no):
    """Estimator that a coin never asks."""
    raise AssertionError(f"asked for {y} at {no}")


def make(link=None, executor=None, **changes):
    sweep = SweepConfig(**{**SWEEP, **changes})
    link = link or CoinLink()
    estimators = {"a": nothing, "b": nothing}
    if executor is not None:
        executor = executor(Simulator(link, estimators, sweep.snr_db, sweep.batch_size))
    return MonteCarlo(link, estimators, sweep, executor=executor)


def assert_equal(one, other):
    for name in ("bit_errors", "events", "joint", "nmse", "resting", "bits", "blocks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert one.num_batches == other.num_batches


@pytest.mark.parametrize("seed", range(5))
def test_batches_in_any_order_give_the_same_tally(seed):
    whole = make().run()
    assert len(set(whole.slots.ravel())) > 3
    other = make(executor=lambda simulator: Shuffled(simulator, seed))
    assert_equal(other.run(), whole)


def test_a_saved_state_goes_on_with_what_came_early(tmp_path):
    whole = make().run()
    part = make(executor=lambda simulator: Shuffled(simulator, 3))
    for _ in range(9):
        part.run_batch()
    assert part.waiting
    save_state(tmp_path / "state.npz", part.tally, part.waiting.values())
    tally, waiting = load_state(tmp_path / "state.npz")
    assert [block.batch for block in waiting] == sorted(part.waiting)
    sweep = SweepConfig(**SWEEP)
    rest = MonteCarlo(
        CoinLink(), {"a": nothing, "b": nothing}, sweep, tally=tally, waiting=waiting
    )
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
    rate = np.array([[CoinLink.rate(i, snr) for snr in (0, 3, 6, 9)] for i in (0, 1)])
    assert np.all(floor.blocks[rate < 0.15] < 3000)
    assert np.all(floor.blocks[rate > 0.2] == 3000)


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
    link = CoinLink()
    for batch in range(60):
        u = np.random.default_rng([1, batch]).uniform(size=50)
        for i, j in np.ndindex(2, 4):
            errors[i, j, 50 * batch :][:50] = u < link.rate(i, 3 * j)
    expected = np.einsum("ijn,kln->ijkl", errors.astype(int), errors.astype(int))
    np.testing.assert_array_equal(tally.joint[1, :, :, 1], expected)
    np.testing.assert_array_equal(tally.joint[0, :, :, 1, 0, 0], expected[0, 0, 0, 0])
    np.testing.assert_array_equal(tally.block_errors, errors.sum(-1))


def test_a_block_out_of_turn_is_refused():
    block = Simulator(CoinLink(), {"a": nothing}, [0.0], 5).run(
        3, np.ones((1, 1), bool)
    )
    assert isinstance(block, Block)
    with pytest.raises(ValueError, match="block must be batch number 0, got 3"):
        Tally.empty(1, 1).add(block, blocks=1, bits=1)


def test_blocks_of_one_slot_count_as_one_where_they_fail_together():
    tally = make(CoinLink(blocks=4), max_num_blocks=4000).run()
    errors, slots = int(tally.block_errors[0, 0]), int(tally.slots[0, 0])
    expected = wilson_interval(errors / 4, slots)
    assert tally.bler_interval(0, 0) == pytest.approx(expected)


class TestReadings:
    def test_the_target_is_met_where_it_was_put(self):
        tally = make(target_block_errors=20_000, max_num_blocks=10**6, batch_size=5000)
        tally = tally.run()
        reader = CurveReader(tally, [0, 3, 6, 9])
        # 0.5 x 10^(-snr / 10) is 0.15 at 5.23 dB, and the curve is straight.
        for i, expected in ((0, 5.2288), (1, 7.2288)):
            reading = reader.read(i, 0.15)
            low, high = reader.interval(reading)
            assert low < high
            assert abs(reading.snr_db - expected) < high - low

    def test_intervals_cover_and_pairs_are_narrower(self):
        """Over 300 repetitions of 2,000 slots; four standard errors of 95 % are 5 %."""
        covered, gains, widths = [], [], []
        for seed in range(300):
            link = CoinLink(seed)
            tally = make(
                link, target_block_errors=10**6, max_num_blocks=2000, batch_size=2000
            ).run()
            reader = CurveReader(tally, [0, 3, 6, 9])
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
        tally = make(CoinLink(harq=True), target_block_errors=10**6).run()
        for i, j in np.ndindex(2, 4):
            p = min(CoinLink.rate(i, 3 * j), 1.0)
            value, low, high = tally.throughput(i, j)
            expected = (1 - p * p) / (1 + p)
            assert low <= value <= high
            assert value == pytest.approx(expected, abs=1.5 * (high - low) + 1e-9)
        reader = CurveReader(tally, [0, 3, 6, 9], "throughput")
        # (1 - p^2) / (1 + p) = 1 - p = 0.7 at p = 0.3.
        reading = reader.read(0, 0.7)
        low, high = reader.interval(reading)
        assert low - 0.1 < 10 * np.log10(0.5 / 0.3) < high + 0.1
        rows = readings(
            tally, ["a", "b"], [0, 3, 6, 9], {"bler": [0.2], "throughput": [0.7]}
        )
        assert [row["measure"] for row in rows] == ["bler"] * 2 + ["throughput"] * 2
        assert rows[0]["gain_db"] == 0
        assert rows[1]["gain_db"] == pytest.approx(-2, abs=0.6)

    def test_what_is_not_reached_is_nan(self):
        tally = make(snr_stop_db=3).run()
        reader = CurveReader(tally, [0, 3])
        assert np.isnan(reader.read(0, 0.01).snr_db)
        assert np.isnan(reader.read(0, 0.9).snr_db)
        nothing = reader.read(0, 0.01)
        assert np.isnan(reader.gain(nothing, reader.read(0, 0.3))).all()

    def test_no_errors_count_as_half_of_one(self):
        tally = make(target_block_errors=5, max_num_blocks=200, snr_stop_db=60)
        tally = tally.run()
        assert tally.block_errors[0, -1] == 0
        reader = CurveReader(tally, np.arange(0, 61, 3))
        reading = reader.read(0, 0.02)
        assert np.isfinite(reader.interval(reading)).all()

    def test_bad_input(self):
        tally = make().run()
        with pytest.raises(ValueError, match="measure must be bler or throughput"):
            CurveReader(tally, [0, 3, 6, 9], "speed")
        with pytest.raises(ValueError, match="bler where nothing is sent twice"):
            CurveReader(tally, [0, 3, 6, 9], "throughput")
        with pytest.raises(ValueError, match=r"target must be in \(0, 1\), got 2"):
            CurveReader(tally, [0, 3, 6, 9]).read(0, 2)
