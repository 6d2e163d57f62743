"""Directions of subbands: what is drawn, what is turned, and what is compared."""

import numpy as np
import pytest

from commgen.phy.feedback import EnhancedTypeTwoCodec
from commgen.studies.feedback import subbands
from commgen.studies.feedback.subband_channels import subband_directions
from commgen.studies.feedback.subbands import (
    MIXTURE,
    STANDARD,
    TITLE,
    SubbandSize,
    subband_study,
    time_shared,
    turned_cosines,
)
from commgen.studies.tables import Asked


def normal(rng, *shape):
    return rng.standard_normal((*shape, 2)) @ [1, 1j]


def test_directions_are_those_of_most_power():
    h = normal(np.random.default_rng(0), 4, 3, 8, 26)
    w = subband_directions(h)
    np.testing.assert_allclose(np.linalg.norm(w, axis=-1), 1, atol=1e-6)
    for n, t in ((0, 0), (3, 12)):
        rows = h[n, :, :, 2 * t : 2 * t + 2].transpose(0, 2, 1).reshape(-1, 8)
        gain = np.linalg.norm(rows @ w[n, t])
        assert gain == pytest.approx(np.linalg.svd(rows)[1][0], rel=1e-5)
    steps = np.sum(w[:, :-1].conj() * w[:, 1:], axis=-1)
    assert (steps.real > 0).all()
    np.testing.assert_allclose(steps.imag, 0, atol=1e-6)


def test_codebooks_that_take_turns_are_the_best_pair():
    reports = [
        {"num_bits": bits, "cosines": [c, c + 0.1]}
        for bits, c in ((10, 0.1), (20, 0.15), (30, 0.5))
    ]
    np.testing.assert_allclose(time_shared(reports, 20), [0.3, 0.4])  # not 0.15
    np.testing.assert_allclose(time_shared(reports, 25), [0.4, 0.5])
    np.testing.assert_allclose(time_shared(reports, 5), [0.1, 0.2])
    np.testing.assert_allclose(time_shared(reports, 50), [0.5, 0.6])


def test_more_rounds_are_never_worse():
    w = normal(np.random.default_rng(1), 10, 13, 32)
    w = (w / np.linalg.norm(w, axis=-1, keepdims=True)).astype(np.complex64)
    codec = EnhancedTypeTwoCodec(13, 8, 2, 1, num_rounds=1)
    bits, once = turned_cosines(codec, w, 1)
    _, thrice = turned_cosines(codec, w, 3)
    own = EnhancedTypeTwoCodec(13, 8, 2, 1, num_rounds=3)
    assert (bits == 64).all()
    assert (thrice >= once).all()
    np.testing.assert_allclose(thrice, turned_cosines(own, w, 1)[1], rtol=1e-5)


@pytest.mark.timeout(120)
def test_a_mixture_that_knows_the_directions_wins(tmp_path, monkeypatch):
    """Four directions of the whole band, which a component each can hold."""
    held = normal(np.random.default_rng(2), 4, 13, 32)
    held /= np.linalg.norm(held, axis=-1, keepdims=True)

    def drawn(path, num_samples, *, seed):
        rng = np.random.default_rng(seed)
        w = held[rng.integers(4, size=num_samples)] + 0.02 * normal(
            rng, num_samples, 13, 32
        )
        return (w / np.linalg.norm(w, axis=-1, keepdims=True)).astype(np.complex64)

    monkeypatch.setattr(subbands, "drawn_directions", drawn)
    asked = Asked()
    size = SubbandSize((12,), 200, 40, 20, 4, 2, 5, 1)
    rows = subband_study(tmp_path, size, 0, asked)[TITLE]
    assert [row["codec"] for row in rows] == ["Type I"] + [STANDARD] * 8 + [MIXTURE]
    last = rows[-1]
    assert last["num_bits"] < 20
    assert last["cosine"] > 0.95
    assert last["gain_low"] > 0
    assert asked.rows[0]["met"] is True
    assert (tmp_path / "rate.png").stat().st_size > 0


def test_other_draws_are_not_taken_for_these(tmp_path, monkeypatch):
    from commgen.studies.feedback import subband_channels as module

    drawn = []

    def draw(config, num, *, seed):
        drawn.append((num, seed))
        h = normal(np.random.default_rng(seed), num, config.num_rx_ant, 1, 32, 26)
        return [type("Batch", (), {"h": h})]

    monkeypatch.setattr(module, "iterate_channels", draw)
    path = tmp_path / "w.npz"
    first = module.drawn_directions(path, 3, seed=1)
    np.testing.assert_array_equal(module.drawn_directions(path, 3, seed=1), first)
    assert drawn == [(3, 1)]
    assert len(module.drawn_directions(path, 4, seed=1)) == 4
    assert (module.drawn_directions(path, 4, seed=2)[:3] != first).any()
    assert drawn == [(3, 1), (4, 1), (4, 2)]
