"""Federated EM against EM on all channels in one place."""

from dataclasses import replace

import numpy as np
import pytest

from commgen.federated.mixture.answers import Channels, answer
from commgen.federated.mixture.climb import climb, first_mixture, principal_of
from commgen.federated.mixture.fit import choose_strength, fit_mixture
from commgen.federated.mixture.messages import mixture_arrays, mixture_of
from commgen.federated.mixture.start import first_centers
from commgen.federated.tasks import Task
from commgen.generative import GaussianMixture
from commgen.generative.mixture import em
from commgen.generative.mixture.em import COVARIANCES, ChannelData, Structure

SIZE, K = 8, 3


def draw(n, seed, beams):
    """Return channels of a line of antennas, from directions about some beams."""
    rng = np.random.default_rng(seed)
    u = rng.choice(beams, size=n) + 0.02 * rng.normal(size=n)
    gain = (rng.normal(size=(n, 2)) @ [1, 1j])[:, None]
    noise = 0.1 * rng.normal(size=(n, SIZE, 2)) @ [1, 1j]
    h = gain * np.exp(2j * np.pi * u[:, None] * np.arange(SIZE)) / 2**0.5 + noise
    return h.astype(np.complex64)


@pytest.fixture(scope="module")
def nodes():
    """Four nodes of different sizes, none of which sees all directions."""
    beams = ([0.05], [0.05, 0.3], [0.3, 0.7], [0.7])
    return [
        Channels(draw(n, i, b), np.full((n, 1), float(b[0])), draw(400, 50 + i, b))
        for i, (n, b) in enumerate(zip((70, 90, 120, 60), beams, strict=True))
    ]


def asking(nodes, asked=None):
    """Return what asks nodes, and adds their answers as a weighted mean does."""

    def ask(what, arrays, settings):
        task = Task(what, 1 + len(asked or []), arrays, settings)
        answers = [answer(task, node) for node in nodes]
        if asked is not None:
            asked.append((task, answers))
        n = sum(a.num_examples for a in answers)
        assert n == sum(len(node.h) for node in nodes)
        total = {}
        for name in answers[0].arrays:
            values = [a.arrays[name] * (a.num_examples / n) for a in answers]
            assert all(np.isrealobj(v) and np.isfinite(v).all() for v in values)
            total[name.removeprefix("sums/")] = sum(values) * n
        return total

    return ask


def structure(covariance, strength=4.0):
    rank = 2 if covariance == "low-rank" else 0
    return Structure(covariance, (SIZE,), strength, rank=rank)


def matrices(mixture):
    return np.stack(
        [mixture.component(k).matrix() for k in range(len(mixture.log_weights))]
    )


def assert_close(a, b, tolerance):
    """Weights and covariances agree, relative to the largest."""
    weights = np.exp(a.log_weights), np.exp(b.log_weights)
    np.testing.assert_allclose(*weights, atol=tolerance)
    R, S = matrices(a), matrices(b)
    np.testing.assert_allclose(R, S, atol=tolerance * np.abs(S).max())


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_step_over_nodes_is_the_step_in_one_place(nodes, covariance):
    form = structure(covariance)
    h = np.concatenate([node.flat for node in nodes])
    # The steps of a Toeplitz covariance enlarge the roundings of single precision.
    exact = h.astype(np.complex128) if covariance == "toeplitz" else h
    data, ask = ChannelData(exact, form), asking(nodes)
    r = em.initial_responsibilities(h, K, form.fourier, 0)
    central = federated = em.maximisation(data.statistics(r), form)
    principal = principal_of(ask, form)
    for _ in range(10):
        r, log_p = em.expectation(central, h)
        # From one and the same mixture, a step; and ten steps on one's own.
        step, told = climb(ask, central, form, principal, max_iterations=1)
        assert told == pytest.approx(log_p, rel=1e-6)
        central = em.maximisation(data.statistics(r), form, central)
        assert_close(step, central, 1e-6)
        federated, _ = climb(ask, federated, form, principal, max_iterations=1)
    log_ps = [em.expectation(m, h)[1] for m in (federated, central)]
    assert log_ps[0] == pytest.approx(log_ps[1], abs=1e-3)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_mixture_travels_whole(nodes, covariance):
    form = structure(covariance)
    h = nodes[0].flat
    r = em.initial_responsibilities(h, 2, form.fourier, 0)
    mixture = em.maximisation(ChannelData(h, form).statistics(r), form)
    arrays = mixture_arrays(mixture)
    assert all(np.isrealobj(v) for v in arrays.values())
    again = mixture_of(arrays)
    np.testing.assert_array_equal(again.log_joint(h), mixture.log_joint(h))


def test_clusters_are_found_that_no_node_sees_whole(nodes):
    asked = []
    centers = first_centers(asking(nodes, asked), structure("full"), K, seed=1)[0]
    h = np.concatenate([node.flat for node in nodes])
    x = em.spectral_features(h, em.fourier_vectors((SIZE,)))
    # As good as k-means on all channels, from the best of many starts.
    from sklearn.cluster import KMeans

    best = KMeans(K, n_init=20, random_state=0).fit(x).inertia_
    distances = ((x[:, None] - centers) ** 2).sum(axis=-1).min(axis=1).sum()
    assert distances <= 1.01 * best
    # What is sent has the size of centers, whatever the number of channels.
    sent = max(a.size for _, answers in asked for a in answers[0].arrays.values())
    assert sent <= 4 * 2 * K * SIZE


@pytest.mark.timeout(60)
def test_few_channels_make_as_many_clusters():
    """Fewer than the finer clusters, two of them equal, and a node of one channel."""
    h = draw(9, 1, [0.1, 0.4])
    few = [Channels(h), Channels(h[:1])]
    (centers,) = first_centers(asking(few), structure("full"), 6, seed=0)
    assert centers.shape == (6, SIZE)
    assert np.isfinite(centers).all()
    model = fit_mixture(asking(few), GaussianMixture((SIZE,), 6), seed=0)
    assert np.isfinite(model.log_prob(h)).all()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_fit_over_nodes_is_as_likely_as_one_in_one_place(nodes, covariance):
    h = np.concatenate([node.h for node in nodes])
    rank = {"rank": 2} if covariance == "low-rank" else {}
    seen = []
    model = fit_mixture(
        asking(nodes),
        GaussianMixture((SIZE,), K, covariance, **rank),
        seed=0,
        num_starts=2,
        watch=lambda mixture, log_p: seen.append(log_p),
    )
    central = GaussianMixture((SIZE,), K, covariance, **rank).fit(h, seed=0)
    assert model.log_prob(h).mean() > central.log_prob(h).mean() - 0.1
    assert len(seen) >= 10
    assert model.sample(3, seed=1).shape == (3, SIZE)


def test_it_is_repeated_by_its_seed(nodes):
    a, b, c = (
        fit_mixture(
            asking(nodes), GaussianMixture((SIZE,), K), seed=seed, max_iterations=6
        )
        for seed in (0, 0, 1)
    )
    weights = [m.get_weights() for m in (a, b, c)]
    assert all(np.array_equal(x, y) for x, y in zip(*weights[:2], strict=True))
    assert not all(np.array_equal(x, y) for x, y in zip(*weights[1:], strict=True))


def test_one_component_is_the_covariance_of_all(nodes):
    asked = []
    model = fit_mixture(asking(nodes, asked), GaussianMixture((SIZE,), 1), seed=0)
    h = np.concatenate([node.flat for node in nodes])
    S = h.T @ h.conj() / len(h)
    np.testing.assert_allclose(model.mixture.component(0).matrix(), S, atol=1e-5)
    assert len(asked) == 2


def test_a_gate_over_nodes_is_that_in_one_place(nodes):
    h = np.concatenate([node.h for node in nodes])
    c = np.concatenate([node.condition for node in nodes])
    model = GaussianMixture((SIZE,), K, num_conditions=1)
    fit_mixture(asking(nodes), model, seed=0, num_starts=1, max_iterations=5)
    central = GaussianMixture((SIZE,), K, num_conditions=1)
    central._assign(model.mixture)
    central._fit_gate(h.reshape(len(h), -1), c)
    np.testing.assert_allclose(
        model.log_prob(h, c), central.log_prob(h, c), rtol=1e-3, atol=1e-3
    )
    assert model.log_prob(h, c).mean() > model.log_prob(h).mean() + 0.1


def test_strength_is_chosen_by_channels_held_out(nodes):
    """A node of few channels wants covariances that lean on something."""
    few = [replace(node, h=node.h[:8]) for node in nodes]
    asked = []
    ask = asking(few, asked)
    centers = first_centers(ask, structure("full"), K, seed=1)[0]
    chosen = choose_strength(ask, centers, structure("full"), seed=2)
    errors = [(task, a) for task, a in asked if task.settings["step"] == "errors"]
    assert len(errors) == 3
    scores = [
        np.mean(
            np.log10(
                sum(x.arrays["sums/errors"] * x.num_examples for x in a)
                / sum(x.arrays["sums/power"] * x.num_examples for x in a)
            )
        )
        for _, a in errors
    ]
    assert chosen.strength == (4.0, 32.0, 256.0)[int(np.argmin(scores))]
    assert 0 > max(scores) > min(scores)


def test_errors_are_those_of_the_estimator(nodes):
    node, form = nodes[1], structure("full")
    ask = asking([node])
    mixture = first_mixture(ask, first_centers(ask, form, K, seed=1)[0], form)
    task = Task(
        "expect",
        1,
        mixture_arrays(mixture),
        {"covariance": "full", "rank": 0, "step": "errors", "seed": 3},
    )
    told = answer(task, node).arrays
    nmse = told["sums/errors"] / told["sums/power"]
    model = GaussianMixture((SIZE,), K)
    model._assign(mixture)
    h = np.tile(node.check, (10, 1))
    rng = np.random.default_rng(1)
    for value, snr_db in zip(nmse, (-5, 5, 15), strict=True):
        no = 10 ** (-snr_db / 10)
        noise = (rng.normal(size=(*h.shape, 2)) @ [1, 1j]) * (no / 2) ** 0.5
        h_hat = model.denoise((h + noise).astype(np.complex64), np.float32(no))[0]
        expected = np.sum(np.abs(h_hat - h) ** 2) / np.sum(np.abs(h) ** 2)
        # Of 400 channels with one noise each, in eight entries of a few directions.
        assert value == pytest.approx(expected, rel=0.15)


def test_what_a_node_cannot_tell_is_refused(nodes):
    settings = {"covariance": "full", "rank": 0}
    with pytest.raises(ValueError, match="step must be one of"):
        answer(Task("expect", 1, {}, {"step": "other"}), nodes[0])
    bare = Channels(nodes[0].h)
    with pytest.raises(ValueError, match="condition must be known"):
        answer(Task("expect", 1, {}, {**settings, "step": "conditions"}), bare)
    with pytest.raises(ValueError, match="check must hold channels"):
        answer(Task("expect", 1, {}, {**settings, "step": "errors", "seed": 1}), bare)


def test_a_scatter_that_is_too_large_is_refused(nodes, monkeypatch):
    monkeypatch.setattr("commgen._memory.installed_memory", lambda: 1000)
    with pytest.raises(ValueError, match="num_components must fit into the memory"):
        answer(
            Task(
                "expect",
                1,
                {},
                {"covariance": "low-rank", "rank": 2, "step": "overall"},
            ),
            nodes[0],
        )
