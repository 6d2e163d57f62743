"""Trainings in pieces, against one that is run in one go."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import (
    TrainingConfig,
    VariationalAutoencoder,
    load_model,
    network,
)
from commgen.generative.adversarial.steps import average_weights, tell_loss
from commgen.generative.scheduled import EpochSchedule
from commgen.generative.weights import weight_names

SIZE = 6
CONFIG = TrainingConfig(num_epochs=6, batch_size=16, warmup_fraction=0.2)


def channels(n, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(n, SIZE, 2)) @ [1, 1j]
    return (h * np.linspace(0.2, 1.5, SIZE)).astype(np.complex64)


class TwoLines(network.NetworkModel):
    """Two networks with steps of their own, one of them averaged, as a GAN has."""

    updates_per_step = 2

    def __init__(self):
        super().__init__((SIZE,))
        self.first, self.second, self.averaged = (
            keras.layers.Dense(SIZE) for _ in range(3)
        )
        for layer in (self.first, self.second, self.averaged):
            layer.build((None, SIZE))
        self.averaged.trainable = False
        self.built = True

    def _examples(self, rng, h, condition, *, validating=False):
        return h.real, h.imag

    def _draw(self, rng, n, condition):
        raise NotImplementedError

    def _error(self, data, layer):
        return keras.ops.mean((layer(data[0]) - data[1]) ** 2)

    def train_step(self, data):
        loss = 0.0
        for layer in (self.first, self.second):
            with tf.GradientTape() as tape:
                loss = self._error(data, layer)
            variables = layer.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
        average_weights(self.averaged, self.first)
        return tell_loss(self, loss)

    def test_step(self, data):
        return tell_loss(self, self._error(data, self.averaged))

    @property
    def averaged_weights(self):
        return self.averaged.weights


FAMILIES = {
    "vae": partial(VariationalAutoencoder, (SIZE,), 3, width=8, depth=1),
    "two lines": TwoLines,
}


def whole_run(family):
    """Return an adapted model, its training, and state, losses of all six epochs."""
    keras.utils.set_random_seed(1)
    model, h = FAMILIES[family](), channels(80, 1)
    training = model.training(h, seed=3, training=CONFIG)
    model.adapt_sums(model.sums(training.learn[0]))
    start = training.state()
    losses = training.run(0, 6)
    return family, model, training, start, losses, training.state()


@pytest.fixture(scope="module")
def run():
    """A family whose steps are those of Keras."""
    return whole_run("vae")


@pytest.fixture(scope="module")
def run_of_two():
    """A family with steps of its own, several of the optimizer in each."""
    return whole_run("two lines")


@pytest.fixture(params=["run", "run_of_two"])
def each(request):
    """Either of them."""
    return request.getfixturevalue(request.param)


def gradients_of(training):
    return [k[6:] for k in training.moments() if k.startswith("first/")]


def same(a, b):
    return set(a) == set(b) and all(np.array_equal(a[k], b[k]) for k in a)


def test_in_one_go_it_is_the_fit(each, monkeypatch):
    """Keras trains the same with its own loop, and an optimizer of its own."""
    family, _, training, start, losses, _ = each
    found = []
    train = network.train
    monkeypatch.setattr(
        network, "train", lambda *a, **k: found.extend(train(*a, **k)) or found
    )
    keras.utils.set_random_seed(1)
    model = FAMILIES[family]()
    model.fit(channels(80, 1), seed=3, training=CONFIG)
    assert found == losses
    training.load(start)
    training.load_moments({})
    training.run(0, 1 + int(np.argmin([v for _, v in losses])))  # the best epoch
    fitted = {k: np.array(v) for k, v in weight_names(model).items()}
    best = training.state()
    # A fit calibrates in the end, where a family can.
    calibrated = {"snr_table/table"} & set(best)
    assert {k for k in best if not np.array_equal(best[k], fitted[k])} == calibrated


def test_in_pieces_it_is_the_same(each):
    _, model, training, start, losses, end = each
    assert (training.num_examples, training.num_steps) == (72, 4)
    training.load(start)
    training.load_moments({})
    first = training.run(0, 3)
    state, moments = training.state(), training.moments()
    other = model.training(channels(40, 2), seed=5, training=CONFIG)
    assert other.num_steps == 2
    other.run(0, 2)
    assert not same(other.state(), state)
    training.load(state)
    training.load_moments(moments)
    assert training.loss() == first[-1][1]
    assert first + training.run(3, 6) == losses
    assert same(training.state(), end)


def test_taking_a_turn_begins_with_new_moments(each):
    """As one that trains alone: nothing of another training stays."""
    _, model, training, start, _, _ = each
    other = model.training(channels(40, 2), seed=5, training=CONFIG)
    other.load(start)
    other.run(0, 1)
    alone = other.state()
    training.load(start)
    training.run(0, 2)
    again = model.training(channels(40, 2), seed=5, training=CONFIG)
    again.load(start)
    again.run(0, 1)
    assert same(again.state(), alone)
    assert again.moments()["iterations"] == 2 * model.updates_per_step


def test_a_model_is_not_traced_anew(run):
    _, model, training, start, _, _ = run
    training.load(start)
    training.run(0, 1)
    graphs = {k: g.experimental_get_tracing_count() for k, g in _graphs(model).items()}
    for n, seed in ((40, 2), (55, 3)):
        other = model.training(channels(n, seed), seed=seed, training=CONFIG)
        other.load(start)
        other.run(2, 4)
        other.loss()
    after = {k: g.experimental_get_tracing_count() for k, g in _graphs(model).items()}
    assert after == graphs
    assert set(graphs.values()) == {1}


def _graphs(model):
    return model.__dict__["_stepper"]._graphs


@pytest.mark.parametrize("warmup", [0.0, 0.3])
def test_schedule_is_that_of_the_configuration(warmup):
    config = CONFIG.model_copy(update={"warmup_fraction": warmup})
    whole = config.optimizer(7)._learning_rate
    schedule = EpochSchedule()
    for epoch in range(6):
        schedule.start(config, 7, epoch)
        for step in range(7):
            expected = np.float32(whole(7 * epoch + step))
            # Its two terms are rounded in another order, where it rises.
            np.testing.assert_allclose(schedule(None), expected, rtol=3e-7)
            schedule.advance()


def test_first_steps_are_of_the_size_of_the_learning_rate(run_of_two):
    """Adam's first step from zero moments moves each weight by it, in any epoch."""
    _, model, _, start, _, _ = run_of_two
    config = CONFIG.model_copy(update={"weight_decay": 0.0, "batch_size": 72})
    one = model.training(channels(80, 1), seed=3, training=config)
    one.load(start)
    one.run(3, 4)
    moved = {k: one.state()[k] - start[k] for k in gradients_of(one)}
    rate = float(config.optimizer(1)._learning_rate(3))
    largest = max(float(np.abs(v).max()) for v in moved.values())
    assert largest == pytest.approx(rate, rel=0.01)


def test_controls_and_pulls_change_the_gradient(run_of_two):
    """A pull beyond all gradients leaves a weight where it is pulled to, nearly."""
    _, model, _, start, _, _ = run_of_two
    fresh = model.training(channels(80, 1), seed=3, training=CONFIG)
    fresh.load(start)
    fresh.correct()
    plain = fresh.run(0, 2)
    gradients = fresh.mean_gradient()
    assert any(np.abs(g).max() > 0 for g in gradients.values())
    # The mean is of what was not corrected: of one step, it is the same gradient.
    name = max(gradients, key=lambda k: float(np.abs(gradients[k]).max()))
    large = {name: np.full(start[name].shape, 1e4, np.float32)}
    fresh.load(start)
    fresh.load_moments({})
    fresh.correct(large)
    fresh.run(0, 2)
    moved = fresh.state()[name] - start[name]
    assert (moved < 0).all()
    assert np.abs(fresh.mean_gradient()[name]).max() < 1e3
    fresh.load(start)
    fresh.load_moments({})
    fresh.correct(pull=1e6, towards=start)
    fresh.run(0, 6)
    stays = max(float(np.abs(fresh.state()[k] - start[k]).max()) for k in gradients)
    fresh.load(start)
    fresh.load_moments({})
    fresh.correct()
    assert fresh.run(0, 2) == plain
    fresh.run(2, 6)
    goes = max(float(np.abs(fresh.state()[k] - start[k]).max()) for k in gradients)
    assert stays < goes


def test_a_rule_takes_the_place_of_the_steps(run_of_two):
    _, model, training, start, _, _ = run_of_two

    def rule(model, batch):
        return {"loss": keras.ops.convert_to_tensor(7.0)}

    training.load(start)
    model.step_rule = rule
    try:
        assert training.run(0, 1)[0][0] == 7.0
        assert same(training.state(), start)
    finally:
        model.step_rule = None
    training.run(0, 1)
    assert not same(training.state(), start)


def test_names_hold_in_every_process(each):
    """Keras counts layers: of a second model of a family paths are others."""
    family, model, training, start, _, end = each
    other = FAMILIES[family]()
    assert list(weight_names(other)) == list(weight_names(model)) == list(end)
    assert {v.path for v in other.weights} != {v.path for v in model.weights}
    assert training.constant == {k for k in end if np.array_equal(start[k], end[k])}


def test_a_model_trained_in_pieces_is_saved(run, tmp_path):
    _, model, training, _, _, end = run
    training.load(end)
    model.save(tmp_path)
    np.testing.assert_array_equal(
        load_model(tmp_path).sample(3, seed=1), model.sample(3, seed=1)
    )


def test_what_does_not_fit_is_refused(run_of_two):
    _, _, training, start, _, end = run_of_two
    training.load(end)
    with pytest.raises(ValueError, match=r"epochs must lie in 0\.\.6"):
        training.run(0, 7)
    with pytest.raises(ValueError, match="weight must have names of this model"):
        training.load({"other": np.zeros(3)})
    name = next(iter(start))
    with pytest.raises(ValueError, match="must be of shape"):
        training.load({name: np.zeros((3, 3, 3))})
    with pytest.raises(ValueError, match="iterations' is missing"):
        training.load_moments(
            {k: v for k, v in training.moments().items() if k != "iterations"}
        )
    with pytest.raises(ValueError, match="pull must be finite"):
        training.correct(pull=0.1)
    with pytest.raises(ValueError, match="add must have names"):
        training.correct({"other": np.zeros(3)})


def test_gradients_are_remembered_where_it_was_asked_for(run_of_two):
    _, model, _, _, _, _ = run_of_two
    fresh = model.training(channels(80, 1), seed=3, training=CONFIG)
    with pytest.raises(ValueError, match=r"correct\(\) must be called"):
        fresh.mean_gradient()


def test_a_loss_that_is_not_finite_is_told(run_of_two):
    _, _, training, start, _, _ = run_of_two
    training.load({k: start[k] * np.nan for k in gradients_of(training)})
    with pytest.raises(ValueError, match="training diverged in epoch 1"):
        training.run(0, 1)
    training.load(start)
