"""The whole uplink: noiseless slots, AWGN in closed form, HARQ, TS 38.104."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm
from sionna.phy.channel import OFDMChannel
from sionna.phy.ofdm import ResourceGrid

from commgen.channels import CdlConfig, RayleighConfig, TdlConfig, build_channel
from commgen.channels.config import FIXED_DELAY_SPREAD_S
from commgen.phy.estimation import GridCovariance, LMMSEInterpolationEstimator
from commgen.phy.nr import PuschLink

FIELDS = (
    "bit_errors",
    "block_errors",
    "error_power",
    "channel_power",
    "predicted_power",
    "transmissions",
    "delivered",
)


def run(link, estimators, snr_db, *, batch=0, batch_size=12, pending=None):
    snr_db = np.asarray(snr_db, float)
    if pending is None:
        pending = np.ones((len(estimators), len(snr_db)), bool)
    counted = link.run_batch(batch, batch_size, snr_db, estimators, pending)
    return {(i, j): counts for i, j, counts in counted}


def assert_equal(first, second):
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.fixture(scope="module")
def shared(make_config, make_link, make_estimators):
    """A small link that retransmits a lot, and its estimators."""
    config = make_config(harq={"max_num_transmissions": 3})
    link = make_link(config, model="B100", max_doppler_hz=400.0)
    return link, make_estimators(link)


@pytest.mark.parametrize(
    ("num_layers", "bits", "rate", "rx"),
    [(1, 2, 193, 1), (1, 4, 658, 2), (1, 6, 567, 2), (2, 2, 193, 2), (2, 8, 682.5, 4)],
)
def test_a_slot_without_noise_is_decoded(
    make_config, make_link, make_estimators, num_layers, bits, rate, rx
):
    config = make_config(
        num_prb=3,
        num_layers=num_layers,
        num_bits_per_symbol=bits,
        coderate=rate / 1024,
        num_rx_ant=rx,
    )
    link = make_link(config, jit_compile=num_layers == 2)
    perfect = {"perfect": make_estimators(link)["perfect"]}
    (counts,) = run(link, perfect, [np.inf], batch_size=8).values()
    assert counts.bit_errors.sum() == counts.block_errors.sum() == 0
    assert counts.error_power.sum() == counts.predicted_power.sum() == 0
    assert counts.transmissions.tolist() == counts.delivered.tolist() == [1] * 8


@pytest.mark.parametrize("num_layers", [1, 2])
def test_least_squares_learns_a_flat_static_channel(
    make_config, make_estimators, num_layers
):
    """DMRS of two layers share resource elements, and come apart again."""
    config = make_config(num_layers=num_layers, harq={"max_num_transmissions": 1})
    channel = RayleighConfig(num_rx_ant=2, num_tx_ant=num_layers)
    source = build_channel(channel, seed=1)
    link = PuschLink(config, source, seed=1, jit_compile=False)
    ls = {"ls": make_estimators(link)["ls"]}
    clean, noisy = run(link, ls, [70.0, 10.0], batch_size=50).values()
    assert clean.error_power.sum() < 1e-6 * clean.channel_power.sum()
    assert clean.block_errors.sum() == 0
    # The promise holds where nothing but noise is in the way.
    ratio = noisy.error_power.sum() / noisy.predicted_power.sum()
    assert ratio == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("bits", "snr_db"), [(2, 3.0), (4, 9.0)])
def test_uncoded_bits_err_as_in_closed_form(
    make_config, make_awgn_link, make_estimators, bits, snr_db
):
    """QPSK: Q(sqrt(SNR)); 16QAM: 3/4 Q(d) + 1/2 Q(3d) - 1/4 Q(5d), d^2 = SNR / 5."""
    config = make_config(
        num_prb=4,
        num_rx_ant=1,
        num_bits_per_symbol=bits,
        coderate=378 / 1024 if bits == 4 else 449 / 1024,
        harq={"max_num_transmissions": 1},
    )
    link = make_awgn_link(config)
    slots, no = link.slots(0, 40), link.noise_variance(snr_db)
    sent = slots.transmission(0)
    y = tf.constant(sent.y_clean + np.float32(no**0.5) * sent.noise)
    h_hat, err_var = make_estimators(link)["perfect"](tf.constant(sent.h), no)
    llr = link._receive(y, h_hat, err_var, tf.constant(no, tf.float32))
    wrong = (llr > 0) != link.transport_block.encode(slots.bits)
    snr = 10 ** (snr_db / 10)
    if bits == 2:
        expected = norm.sf(snr**0.5)
    else:
        d = (snr / 5) ** 0.5
        expected = 0.75 * norm.sf(d) + 0.5 * norm.sf(3 * d) - 0.25 * norm.sf(5 * d)
    four_errors = 4 * (expected / wrong.size) ** 0.5
    # The bits of a symbol do not err independently.
    assert wrong.mean() == pytest.approx(expected, abs=four_errors * bits**0.5)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_snr_is_signal_to_noise_on_an_antenna(make_config, make_link, num_layers):
    config = make_config(num_prb=6, num_layers=num_layers)
    link = make_link(config)
    sent = link.slots(0, 300).transmission(0)
    power = np.mean(np.abs(sent.y_clean) ** 2, axis=(1, 2, 3, 4))
    four_errors = 4 * power.std() / np.sqrt(len(power))
    assert power.mean() == pytest.approx(num_layers, abs=four_errors)
    assert link.noise_variance(3.0) == pytest.approx(num_layers / 10**0.3)
    assert link.noise_variance(np.inf) == pytest.approx(num_layers * 1e-12)
    size = sent.noise.size
    assert np.mean(np.abs(sent.noise) ** 2) == pytest.approx(1, abs=4 / size**0.5)
    assert abs(np.mean(sent.noise**2)) < 4 * (2 / size) ** 0.5


def test_counts_follow_from_seed_and_batch(shared):
    link, estimators = shared
    first, other, again = (run(link, estimators, [-4.0], batch=b) for b in (0, 1, 0))
    for key, counts in first.items():
        assert_equal(counts, again[key])
        assert not np.array_equal(counts.channel_power, other[key].channel_power)


def test_counts_do_not_depend_on_what_else_is_run(shared):
    link, estimators = shared
    snr_db = [-8.0, -4.0, 0.0]
    together = run(link, estimators, snr_db)
    assert sorted(together) == [(i, j) for i in range(2) for j in range(3)]
    assert sum(counts.transmissions.max() for counts in together.values()) > 9
    pending = np.zeros((2, 3), bool)
    pending[0, 1] = pending[1, 2] = True
    some = run(link, estimators, snr_db, pending=pending)
    assert sorted(some) == [(0, 1), (1, 2)]
    for key, counts in some.items():
        assert_equal(counts, together[key])
    alone = run(link, {"perfect": estimators["perfect"]}, [0.0])
    assert_equal(alone[0, 0], together[1, 2])


def test_more_signal_and_more_knowledge_help(shared):
    link, estimators = shared
    counts = run(link, estimators, [-6.0, 0.0], batch_size=100)
    rate = {k: c.delivered.sum() / c.transmissions.sum() for k, c in counts.items()}
    assert rate[0, 0] < rate[0, 1]
    assert rate[0, 0] < rate[1, 0]
    assert rate[1, 0] < rate[1, 1]


def test_a_retransmission_comes_a_round_trip_later(make_config, make_link):
    config = make_config(harq={"round_trip_slots": 5})
    link = make_link(config, model="C300", max_doppler_hz=100.0)
    slots = link.slots(7, 3)
    source = build_channel(
        TdlConfig(model="C300", max_doppler_hz=100, num_rx_ant=2), seed=9
    )
    source.set_seed(1, counter=7)
    process = source.start(3)
    for n in (2, 0):  # in any order
        h = process.frequency_response(n * 2.5e-3, 14, 0.5e-3 / 14, 24, 30e3)
        np.testing.assert_array_equal(slots.transmission(n).h, h)


def test_every_transmission_has_its_version_and_its_noise(make_config, make_link):
    link = make_link(make_config())
    slots = link.slots(0, 3)
    sent = [slots.transmission(n) for n in range(4)]
    assert slots.transmission(1) is sent[1]
    for n, rv in enumerate((0, 2, 3, 1)):
        x = link._transmit(link.transport_block.encode(slots.bits, rv))
        y = sent[n].h[:, :, :, 0, 0] * x[:, None]
        np.testing.assert_allclose(sent[n].y_clean, y, atol=1e-6)
    noise = [one.noise.ravel() for one in sent]
    cross = [abs(np.vdot(noise[0], other)) / noise[0].size for other in noise[1:]]
    assert max(cross) < 4 / noise[0].size ** 0.5


def test_few_sizes_are_traced(shared):
    link, estimators = shared
    sizes = set()

    def ls(y, no):
        sizes.add(len(y))
        return estimators["ls"](y, no)

    run(link, {"ls": ls}, [-12.0, -8.0, -4.0, -1.0], batch_size=40)
    assert sizes <= {40, 20, 10}
    assert 40 in sizes
    assert len(sizes) > 1


def test_it_works_where_nothing_is_sent_again(make_config, make_awgn_link):
    """Any source serves then, and the throughput is 1 - BLER."""
    config = make_config(num_rx_ant=1, harq={"max_num_transmissions": 1})
    link = make_awgn_link(config)

    class Genie:
        is_genie = True

        def __call__(self, h, no):
            return h, tf.zeros([1] * 7)

    (counts,) = run(link, {"genie": Genie()}, [0.5], batch_size=60).values()
    assert counts.transmissions.tolist() == [1] * 60
    np.testing.assert_array_equal(counts.delivered, 1 - counts.block_errors)
    assert 0 < counts.delivered.sum() < 60


def test_receivers_that_give_llrs_are_refused(shared):
    class Whole:
        def receive(self, y, no):
            raise AssertionError("it was asked")

    with pytest.raises(ValueError, match=r"must leave the LLRs to the link, .* got"):
        run(shared[0], {"whole": Whole()}, [0.0], batch_size=8)


def test_sources_that_do_not_fit_are_refused(make_config):
    config = make_config()
    still = build_channel(RayleighConfig(num_rx_ant=2), seed=1)
    with pytest.raises(TypeError, match=r"must have start\(batch_size\), as tdl"):
        PuschLink(config, still, seed=1)
    with pytest.raises(TypeError, match=r"must have set_seed\(seed, counter\)"):
        PuschLink(config, object(), seed=1)
    one = build_channel(TdlConfig(model="A30"), seed=1)
    with pytest.raises(ValueError, match="num_rx_ant must equal the 1 receive ant"):
        PuschLink(config, one, seed=1)
    two = build_channel(TdlConfig(model="A30", num_rx_ant=2, num_tx_ant=2), seed=1)
    with pytest.raises(ValueError, match="num_layers must equal the 2 transmit ant"):
        PuschLink(config, two, seed=1)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        PuschLink(config, two, seed=-1)
    fits = build_channel(TdlConfig(model="A30", num_rx_ant=2), seed=1)
    link = PuschLink(config, fits, seed=1)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        link.slots(0, 0)
    with pytest.raises(ValueError, match="batch must be at least 0, got -1"):
        link.slots(-1, 1)
    once = make_config(harq={"max_num_transmissions": 1})
    link = PuschLink(once, build_channel(CdlConfig(), seed=1), seed=1)
    with pytest.raises(ValueError, match="source must have 2 receive and 1 transmit"):
        link.slots(0, 2).transmission(0)


def test_normalising_every_slot_would_remove_the_fading(make_config, make_link):
    """The trap: OFDMChannel(normalize_channel=True); ours keeps each slot's power."""
    config = make_config(num_prb=4, num_rx_ant=1)
    source = build_channel(TdlConfig(model="A30", max_doppler_hz=10), seed=1)
    grid = ResourceGrid(14, 48, 30e3)
    normalised = OFDMChannel(
        source, grid, normalize_channel=True, return_channel=True, add_awgn=False
    )
    _, h = normalised(tf.ones([50, 1, 1, 14, 48], tf.complex64))
    slot_axes = (1, 2, 3, 4, 5, 6)
    np.testing.assert_allclose(
        np.mean(np.abs(h.numpy()) ** 2, axis=slot_axes), 1, rtol=1e-4
    )
    h = make_link(config).slots(0, 50).transmission(0).h
    assert np.std(np.mean(np.abs(h) ** 2, axis=slot_axes)) > 0.5


@pytest.mark.parametrize("name", ["G-FR1-A3-11", "G-FR1-A4-11", "G-FR1-A5-11"])
def test_the_requirements_of_ts_38_104_are_met_by_one_to_four_decibels(
    make_config, make_link, make_estimators, name
):
    """Two antennas, table 8.2.1.2-4: with LMMSE estimation 70 % of the maximum
    throughput lies between 4 dB and 1 dB under the required SNR; least squares is
    worse, perfect knowledge better.
    """
    config = make_config(reference_channel=name)
    frc, required = config.reference, config.reference.required_snr_db(2)
    link = make_link(config, jit_compile=True)
    covariance = GridCovariance.tdl(
        link.resource_grid,
        frc.tdl_model,
        FIXED_DELAY_SPREAD_S[frc.tdl_model],
        max_doppler_hz=frc.max_doppler_hz,
    )
    lmmse = LMMSEInterpolationEstimator(link.resource_grid, covariance)
    estimators = {"lmmse": tf.function(lmmse, autograph=False, reduce_retracing=True)}
    estimators.update(make_estimators(link))
    counts = run(link, estimators, [required - 4, required - 1], batch_size=256)
    rate = {k: c.delivered.sum() / c.transmissions.sum() for k, c in counts.items()}
    assert rate[0, 0] < 0.7 < rate[0, 1]
    for j in range(2):  # least squares, LMMSE, perfect knowledge
        assert rate[1, j] < rate[0, j] <= rate[2, j]
