import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from sionna.phy.mapping import Constellation, Demapper, Mapper

from commgen.frame.constellation import Constellation as Points
from commgen.frame.qam import pam_labels, qam_points
from commgen.phy.signal.demapper import demap

ORDERS = (2, 4, 6, 8)


def brute_force(x, no, num_bits):
    """The definition over all points, in double precision."""
    points = np.asarray(Constellation("qam", num_bits).points, complex)
    labels = (np.arange(2**num_bits)[:, None] >> np.arange(num_bits)[::-1]) & 1
    metric = -(np.abs(x[..., None] - points) ** 2) / no[..., None]
    llr = [
        logsumexp(metric[..., bit == 1], axis=-1)
        - logsumexp(metric[..., bit == 0], axis=-1)
        for bit in labels.T
    ]
    return np.stack(llr, axis=-1).reshape(*x.shape[:-1], -1)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_equals_the_definition_and_sionna(num_bits, rng, complex_normal):
    x = complex_normal(3, 200)
    no = (10 ** rng.uniform(-6, 4, x.shape)).astype(np.float32)
    llr = demap(x, no, num_bits).numpy()
    assert llr.shape == (3, 200 * num_bits)
    # Rounding is that of the largest exponent, about 1 / no.
    scale = np.repeat(1 + (1 + np.abs(x)) / no, num_bits, axis=-1)
    for other in (
        brute_force(x, no, num_bits),
        Demapper("app", "qam", num_bits)(x, no).numpy(),
    ):
        assert np.max(np.abs(llr - other) / scale) < 1e-5
        large = np.abs(other) > 0.1 * scale
        assert large.any()
        np.testing.assert_allclose(llr[large], other[large], rtol=1e-4)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_extreme_noise_is_finite_and_right(num_bits, rng):
    """No noise decides every bit; noise without end leaves it unknown."""
    bits = rng.integers(2, size=(2, 48 * num_bits)).astype(np.float32)
    x = Mapper("qam", num_bits)(tf.constant(bits))
    for no in (0.0, 1e-38, 1e-12, 1e-6):
        llr = demap(x, no, num_bits).numpy()
        assert np.all(np.isfinite(llr))
        np.testing.assert_array_equal(llr > 0, bits == 1)
        np.testing.assert_array_less(min(0.01 / max(no, 1e-30), 1e29), np.abs(llr))
    assert np.all(np.abs(demap(x, 1e30, num_bits)) < 1e-6)
    # What an equaliser says of an element without a channel.
    assert np.all(demap(tf.zeros_like(x), 1e20, num_bits).numpy()[:, ::num_bits] == 0)
    assert np.all(demap(x, np.inf, num_bits).numpy() == 0)


def test_noise_is_broadcast_and_graph_equals_eager(complex_normal):
    x = tf.constant(complex_normal(3, 2, 20))
    no = tf.constant([[[0.1]], [[0.2]], [[0.4]]])
    whole = demap(x, tf.broadcast_to(no, x.shape), 4)
    np.testing.assert_array_equal(demap(x, no, 4), whole)
    spec = [tf.TensorSpec([None] * 3, tf.complex64), tf.TensorSpec([None, 1, 1])]
    traced = tf.function(lambda x, no: demap(x, no, 4), input_signature=spec)(x, no)
    np.testing.assert_allclose(traced, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_points_are_sionnas(num_bits):
    points = np.asarray(Constellation("qam", num_bits).points)
    np.testing.assert_allclose(qam_points(num_bits), points, atol=1e-6)


def test_sionna_demaps_other_points_than_it_maps():
    """NVlabs/sionna#1188: a quarter of the bits is wrong without any noise."""
    qam = np.asarray(Constellation("qam", 4).points)
    doubled = Constellation("custom", 4, points=2 * qam, normalize=True)
    bits = np.random.default_rng(1).integers(2, size=(1, 40_000)).astype(np.float32)
    x = Mapper(constellation=doubled)(tf.constant(bits))
    no = tf.fill(x.shape, 1e-3)
    theirs = Demapper("app", constellation=doubled)(x, no).numpy() > 0
    assert np.mean(theirs != bits) == pytest.approx(0.25, abs=0.02)
    # Points of unit power that were sent come back through ours.
    assert np.all((demap(x, no, 4).numpy() > 0) == bits)
    with pytest.raises(ValueError, match="num_bits_per_symbol must be one of"):
        demap(x, no, doubled)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("num_bits", [0, 1, 3, 10, 4.5, "4", None])
def test_refuses_what_is_no_square_qam(num_bits):
    with pytest.raises(ValueError, match=r"must be one of \(2, 4, 6, 8\), the square"):
        demap(tf.zeros([3], tf.complex64), 0.1, num_bits)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_amplitudes_are_those_of_the_standard(num_bits):
    """TS 38.211 5.1.3 to 5.1.6, from the points that Sionna maps to."""
    amplitudes, labels = pam_labels(num_bits)
    for amplitude, label in zip(amplitudes, labels, strict=True):
        bits = np.zeros(num_bits, np.float32)
        bits[2::2] = label
        bits[1] = 1
        (x,) = Mapper("qam", num_bits)(tf.constant(bits)).numpy()
        assert x.real == pytest.approx(amplitude, rel=1e-6)
        assert x.imag < 0
    assert np.mean(amplitudes**2) == pytest.approx(0.5)


class TestAnyPoints:
    """Constellations that are no QAM, and QAM by the long way."""

    rng = np.random.default_rng(9)
    odd = Points.of(
        rng.normal(size=8) + 1j * rng.normal(size=8), None, rng.dirichlet(np.ones(8))
    )

    def definition(self, x, no):
        score = np.log(self.odd.probabilities)
        score = score - np.abs(x[..., None] - self.odd.points) ** 2 / no[..., None]
        llr = [
            logsumexp(score[..., bit == 1], axis=-1)
            - logsumexp(score[..., bit == 0], axis=-1)
            for bit in self.odd.bits.T
        ]
        return np.stack(llr, axis=-1).reshape(*x.shape[:-1], -1)

    def test_equal_the_definition_with_the_prior_inside(self, complex_normal):
        x = complex_normal(2, 3, 50)
        no = (10 ** self.rng.uniform(-3, 2, x.shape)).astype(np.float32)
        llr = demap(x, no, self.odd).numpy()
        assert llr.shape == (2, 3, 150)
        scale = np.repeat(1 + (1 + np.abs(x)) ** 2 / no, 3, axis=-1)
        assert np.max(np.abs(llr - self.definition(x, no)) / scale) < 1e-5

    @pytest.mark.parametrize("num_bits", [2, 4, 6])
    def test_qam_comes_out_as_by_its_axes(self, num_bits, complex_normal):
        x = complex_normal(4, 30)
        fast = demap(x, 0.1, num_bits).numpy()
        slow = demap(x, 0.1, Points.qam(num_bits)).numpy()
        np.testing.assert_allclose(slow, fast, rtol=2e-4, atol=2e-4)

    def test_noise_without_end_leaves_the_prior(self):
        llr = demap(tf.zeros([1], tf.complex64), np.inf, self.odd).numpy()
        p = self.odd.probabilities
        odds = [np.log(p[b == 1].sum() / p[b == 0].sum()) for b in self.odd.bits.T]
        np.testing.assert_allclose(llr, odds, rtol=1e-5)
