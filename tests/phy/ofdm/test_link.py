import functools

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import RayleighBlockFading

from commgen.channels import RecordedChannel, build_channel
from commgen.generative import GaussianMixture
from commgen.montecarlo import MonteCarlo, Tally, result_rows
from commgen.phy import Link as CompiledLink, Simulator, parse_config
from commgen.phy.simulation.estimators import build_estimators, training_events
from commgen.phy.simulation.layout import link_layout
from commgen.phy.simulation.sources import build_source

# XLA takes seconds to compile; one test compares it with the plain graph.
Link = functools.partial(CompiledLink, jit_compile=False)


@pytest.fixture(scope="module")
def shared(base_values):
    """One link with its estimators: no test changes it, and tracing takes long."""
    config = parse_config(base_values)
    link = Link(config.link, build_source(config, seed=1), seed=config.seed)
    return config, link, build_estimators(config, link.resource_grid)


@pytest.fixture
def link(shared):
    return shared[1]


def flat_link(base, power=1.0, *, num_channels=4, **options):
    """Return the link of ``base`` over a channel of one gain: AWGN."""
    base["link"].update(num_rx_ant=1, **options)
    base["channel"]["num_rx_ant"] = 1
    config = parse_config(base)
    h = np.full((num_channels, 1, 1, 1, 12), np.sqrt(power), np.complex64)
    return Link(config.link, RecordedChannel(h, 30e3, seed=1), seed=1)


def test_batches_are_functions_of_seed_and_index(link):
    first, second, again = link.slots(0, 4), link.slots(1, 4), link.slots(0, 4)
    for name in ("bits", "h", "y_clean", "noise"):
        a, b, c = (np.asarray(getattr(s, name)) for s in (first, second, again))
        np.testing.assert_array_equal(a, c)
        assert not np.array_equal(a, b)


def test_compiling_changes_no_count(base, link):
    config = parse_config(base)
    source = build_source(config, seed=1)
    compiled = CompiledLink(config.link, source, seed=config.seed)
    ls, no = build_estimators(config, link.resource_grid)["ls"], tf.constant(0.7)
    counts = []
    for each in (link, compiled):
        slots = each.slots(0, 50)
        y = each.observe(slots, no)
        counts.append(each.receive(slots, y, ls, no))
    assert counts[0].block_errors.sum() > 5
    np.testing.assert_array_equal(counts[0].bit_errors, counts[1].bit_errors)


def test_sionnas_global_seed_has_no_say(link):
    from sionna.phy import config as sionna_config

    before = link.slots(3, 4)
    sionna_config.seed = 99
    after = link.slots(3, 4)
    np.testing.assert_array_equal(before.noise, after.noise)
    np.testing.assert_array_equal(before.h, after.h)


def test_noise_is_white_with_the_promised_variance(link):
    slots = link.slots(0, 500)
    noise = slots.noise.numpy()
    n = noise.size
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=4 / np.sqrt(n))
    assert abs(np.mean(noise)) < 4 / np.sqrt(n)
    assert abs(np.mean(noise**2)) < 4 * np.sqrt(2 / n)
    no = tf.constant(0.25)
    y = link.observe(slots, no)
    np.testing.assert_allclose(y - slots.y_clean, 0.5 * noise, atol=1e-5)


def test_received_power_is_that_of_the_symbols(base):
    """Every element of the grid carries a symbol of unit mean power."""
    link = flat_link(base)
    y = link.slots(0, 500).y_clean.numpy()
    assert np.mean(np.abs(y) ** 2) == pytest.approx(1, rel=1e-4)


def test_symbols_reach_the_decoder_in_order(base):
    """Without noise every stream and codeword comes back, 16-QAM and guards too."""
    base["channel"].update(num_rx_ant=3, num_tx_ant=2)
    base["link"].update(
        num_rx_ant=3,
        num_streams=2,
        num_bits_per_symbol=4,
        num_guard_carriers=[1, 2],
        dc_null=True,
        pilot_subcarrier_step=2,
        time_interpolation="linear",
    )
    config = parse_config(base)
    link = Link(config.link, build_source(config, seed=1), seed=1)
    slots, no = link.slots(0, 8), tf.constant(1e-6)
    perfect = build_estimators(config, link.resource_grid)["perfect"]
    counts = link.receive(slots, slots.y_clean, perfect, no)
    assert counts.bit_errors.sum() == counts.block_errors.sum() == 0
    assert counts.error_power.sum() == 0


def test_static_channels_are_learned_exactly_from_clean_pilots(base):
    base["channel"].update(num_rx_ant=3, num_tx_ant=2)
    base["link"].update(num_rx_ant=3, num_streams=2)
    config = parse_config(base)
    link = Link(config.link, build_source(config, seed=1), seed=1)
    slots, no = link.slots(0, 8), tf.constant(1e-6)
    ls = build_estimators(config, link.resource_grid)["ls"]
    counts = link.receive(slots, slots.y_clean, ls, no)
    assert counts.error_power.sum() < 1e-9 * counts.channel_power.sum()


def test_all_noise_is_half_wrong(base):
    link = flat_link(base)
    slots, no = link.slots(0, 200), tf.constant(1e6)
    y = link.observe(slots, no)
    known = tf.cast(slots.h, tf.complex64), tf.zeros([1] * 7)
    counts = link.receive(slots, y, lambda y, no: known, no)
    ber = counts.bit_errors.sum() / (200 * link.num_bits_per_slot)
    assert ber == pytest.approx(0.5, abs=0.03)
    assert counts.block_errors.sum() == 200 * link.num_blocks_per_slot


def test_better_knowledge_is_a_better_estimate(base):
    """Perfect < LMMSE < LS in NMSE, the promise of each within 4 s.e. of its error."""
    base["channel"]["delay_spread_s"] = 3e-7
    base["estimators"] = [
        {"kind": "ls"},
        {"kind": "lmmse", "event": "grid", "num_train_channels": 3000},
        {"kind": "perfect"},
    ]
    base["sweep"].update(
        snr_start_db=-3, snr_stop_db=3, batch_size=250, max_num_blocks=500
    )
    base["sweep"]["target_block_errors"] = 10**6
    config = parse_config(base)
    link = Link(config.link, build_source(config, seed=1), seed=config.seed)
    estimators = build_estimators(config, link.resource_grid)
    simulator = Simulator(link, estimators, config.sweep.snr_db, 250)
    tally = MonteCarlo(simulator, config.sweep).run()
    sums = tally.sums["nmse"]
    nmse = sums[..., 1] / sums[..., 2]
    assert np.all(nmse[2] == 0)
    assert np.all(nmse[1] < 0.3 * nmse[0])
    assert np.all(tally.block_errors[2] <= tally.block_errors[1])
    assert np.all(tally.block_errors[1] < tally.block_errors[0])
    for row in result_rows(tally, simulator.layout):
        if row["estimator"] != "perfect":
            # The 95 % interval is two standard errors to each side.
            four_se_db = row["nmse_high_db"] - row["nmse_low_db"]
            assert abs(row["nmse_db"] - row["err_var_db"]) < four_se_db


def test_training_channels_are_not_the_sweeps(base):
    config = parse_config(base)
    h = training_events(config, "array", 150)
    assert h.shape == (150, 2)
    link = Link(config.link, build_source(config, seed=1), seed=config.seed)
    swept = link.slots(0, 150).h.numpy()[:, 0, :, 0, 0, 0, 6]
    assert not np.isclose(swept[:, None], h[None], rtol=1e-3).all(-1).any()
    np.testing.assert_array_equal(training_events(config, "array", 100), h[:100])


def test_training_events_of_a_grid_are_the_effective_subcarriers(base):
    base["link"].update(num_guard_carriers=[1, 2], dc_null=True)
    config = parse_config(base)
    h = training_events(config, "grid", 10)
    assert h.shape == (10, 2, 1, 8)
    h_all = training_events(
        parse_config(
            {
                **base,
                "link": {
                    **base["link"],
                    **{"num_guard_carriers": [0, 0], "dc_null": False},
                },
            }
        ),
        "grid",
        10,
    )
    np.testing.assert_array_equal(h, h_all[..., [1, 2, 3, 4, 5, 7, 8, 9]])


def test_link_refuses_sources_that_do_not_fit(base):
    config = parse_config(base)
    three = RecordedChannel(np.ones((1, 3, 1, 1, 12)), 30e3, seed=1)
    with pytest.raises(ValueError, match=r"num_rx_ant must equal the 3 receive antenn"):
        Link(config.link, three, seed=1)
    two = build_channel(
        config.channel.config.model_copy(update={"num_tx_ant": 2}), seed=1
    )
    with pytest.raises(ValueError, match=r"num_streams must equal the 2 transmit ant"):
        Link(config.link, two, seed=1).slots(0, 1)
    with pytest.raises(TypeError, match=r"source must have set_seed"):
        Link(config.link, RayleighBlockFading(1, 2, 1, 1), seed=1)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        Link(config.link, three, seed=-1)


class TestMonteCarlo:
    @pytest.fixture
    def monte_carlo(self, shared):
        config, link, estimators = shared

        def make(tally=None, **sweep):
            settings = config.sweep.model_copy(update=sweep)
            simulator = Simulator(link, estimators, settings.snr_db, 32)
            return MonteCarlo(simulator, settings, tally=tally)

        return make

    def test_stops_at_the_errors_or_the_blocks(self, monte_carlo):
        tally = monte_carlo().run()
        enough = tally.block_errors >= 60
        assert np.all(enough | (tally.blocks == 96))
        assert enough.any()
        assert not enough.all()
        # No batch more than needed: one batch less would not have been enough.
        assert np.all(tally.block_errors[enough] - 60 < 32)
        assert np.all(tally.blocks % 32 == 0)

    def test_resting_of_one_estimator_leaves_the_others_alone(self, monte_carlo):
        full = monte_carlo(target_block_errors=10**6).run()
        stopped = monte_carlo().run()
        same = stopped.blocks == full.blocks
        assert 0 < same.sum() < same.size
        for name in ("nmse", "bit_errors"):
            np.testing.assert_array_equal(
                stopped.sums[name][same], full.sums[name][same], err_msg=name
            )

    def test_goes_on_from_any_batch_with_equal_results(self, monte_carlo):
        whole = monte_carlo().run()
        part = monte_carlo()
        part.run_batch()
        resumed = monte_carlo(tally=part.tally).run()
        for name in ("events", "joint"):
            np.testing.assert_array_equal(
                getattr(resumed, name), getattr(whole, name), err_msg=name
            )
        for name in ("bit_errors", "nmse", "predicted_power"):
            np.testing.assert_array_equal(
                resumed.sums[name], whole.sums[name], err_msg=name
            )

    def test_refuses_a_tally_of_another_sweep(self, monte_carlo):
        one = Tally.empty(link_layout(["ls"], [-5.0, 0.0, 5.0, 10.0], harq=False))
        with pytest.raises(ValueError, match=r"of 2 curves and 4 points, got \(1, 4\)"):
            monte_carlo(tally=one)


def test_mixture_of_one_is_what_lmmse_means(base):
    base["estimators"] = [
        {"kind": "lmmse", "num_train_channels": 200},
        {"kind": "gmm", "num_train_channels": 200, "num_components": 1},
    ]
    config = parse_config(base)
    link = Link(config.link, build_source(config, seed=1), seed=1)
    lmmse, gmm = build_estimators(config, link.resource_grid).values()
    y = link.observe(link.slots(0, 4), tf.constant(0.5))
    assert isinstance(lmmse.estimator._prior, GaussianMixture)
    for a, b in zip(lmmse(y, 0.5), gmm(y, 0.5), strict=True):
        np.testing.assert_array_equal(a, b)
