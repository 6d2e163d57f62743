import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.federated.nodes.description import covariance
from commgen.federated.server.heterogeneity import divergence, heterogeneity
from commgen.federated.tasks import Answer


def test_divergence_of_white_channels_in_closed_form():
    """KL of CN(0, a) from CN(0, b) is a / b - 1 - ln(a / b), each with noise 0.1."""
    R, pooled = 2.0 * np.eye(3), 1.0 * np.eye(3)
    ratio = 2.1 / 1.1
    assert divergence(R, pooled) == pytest.approx(ratio - 1 - np.log(ratio))
    assert divergence(pooled, pooled) == pytest.approx(0, abs=1e-12)


def answer(h, part):
    n = len(h)
    arrays = {
        "sums/covariance": covariance(h, h.shape[1:]) / n,
        "sums/iid": covariance(h[part], h.shape[1:]) / n,
        "sums/iid_count": np.array(np.count_nonzero(part) / n),
    }
    return Answer(arrays, n)


def test_cells_that_differ_diverge_and_an_even_split_does_not():
    rng = np.random.default_rng(1)
    n = 2000
    spread = np.array([[3, 1, 1, 1], [1, 3, 1, 1], [1, 1, 3, 1], [1, 1, 1, 1]]) ** 0.5
    cells = [spread[i] * complex_normal(rng, (n, 4)) for i in range(4)]
    part = np.arange(n) % 4 == 0
    answers = {i: answer(h, part) for i, h in enumerate(cells)}
    found, iid = heterogeneity(answers, (0, 1, 2))
    pooled = np.mean([np.diag(s**2) for s in spread[:3]], axis=0)
    power = np.trace(pooled) / 4
    for i in range(4):
        exact = divergence(np.diag(spread[i] ** 2) / power, pooled / power)
        assert found[i] == pytest.approx(exact, rel=0.1)
    # The covariance of 1500 channels: about size / (2 n) nats an entry.
    assert iid < 10 * 4 / 1500
    assert min(found.values()) > 5 * iid


def test_large_channels_are_told_by_their_beams():
    rng = np.random.default_rng(2)
    h = complex_normal(rng, (50, 200))
    powers = covariance(h, (200,))
    assert powers.shape == (200,)
    assert powers.sum() == pytest.approx(np.sum(np.abs(h) ** 2), rel=1e-5)
