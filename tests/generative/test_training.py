"""Batches, checkpoints and resumption, on the smallest model there is."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from commgen.generative import TrainingConfig
from commgen.generative.training import Batches, Keeper, fingerprint, train


def make(rng, rows):
    x = np.asarray(rows, np.float32)[:, None] / 20
    return x, 3 * x + rng.normal(size=x.shape).astype(np.float32) / 10


def linear_model(config, steps):
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(config.optimizer(steps), loss="mse", jit_compile=False)
    return model


@pytest.fixture
def learn():
    """Train the linear model and return it with its history."""

    def run(folder=None, identity="", seed=1, progress=False, **options):
        config = TrainingConfig(**{"num_epochs": 4, "batch_size": 8, **options})
        batches = Batches(make, 20, config.batch_size, seed=seed)
        checks = Batches(make, 20, 16, seed=seed + 1, epoch=None)
        model = linear_model(config, len(batches))
        history = train(
            model,
            batches,
            checks,
            config,
            folder=folder,
            description="training",
            progress=progress,
            identity=identity,
        )
        return model, history

    return run


def same_weights(a, b):
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def epoch_of(batches):
    return [batches[i][1] for i in range(len(batches))]


def test_batches_are_a_function_of_seed_epoch_and_index():
    a, b = (Batches(make, 20, 6, seed=3) for _ in range(2))
    assert len(a) == 3  # an incomplete fourth one is left out
    b.start(1)
    later = epoch_of(b)
    first = epoch_of(a)
    a.on_epoch_end()
    for x, y in zip(epoch_of(a), later, strict=True):
        np.testing.assert_array_equal(x, y)
    a.start(0)
    # In any order, and as often as one likes.
    np.testing.assert_array_equal(a[2][1], first[2])
    np.testing.assert_array_equal(a[2][1], first[2])
    assert not np.array_equal(first[0], later[0])
    assert not np.array_equal(first[0], Batches(make, 20, 6, seed=4)[0][1])


def test_an_epoch_visits_each_row_once():
    batches = Batches(lambda rng, rows: rows, 20, 5, seed=3)
    rows = np.concatenate(epoch_of_rows(batches))
    assert sorted(rows) == list(range(20))
    assert list(rows) != list(range(20))


def epoch_of_rows(batches):
    return [batches[i] for i in range(len(batches))]


def test_validation_is_the_same_in_every_epoch_and_complete():
    checks = Batches(make, 20, 16, seed=3, epoch=None)
    first = epoch_of(checks)
    checks.on_epoch_end()
    assert [len(part) for part in first] == [16, 4]
    for x, y in zip(epoch_of(checks), first, strict=True):
        np.testing.assert_array_equal(x, y)


def test_batches_may_be_larger_than_the_data():
    assert len(Batches(make, 20, 512, seed=3)) == 1
    assert len(Batches(make, 20, 512, seed=3)[0][0]) == 20


def test_training_learns_and_is_a_function_of_the_seed(learn):
    _, history = learn(num_epochs=20, learning_rate=0.3)
    losses = [val_loss for _, val_loss in history]
    assert len(losses) == 20
    assert min(losses) < 0.1 * losses[0]


def test_training_is_a_function_of_the_seed(learn):
    model, again, other = (learn(num_epochs=2, seed=seed)[0] for seed in (1, 1, 5))
    assert same_weights(model, again)
    assert not same_weights(model, other)


def test_learning_rate_rises_and_falls():
    config = TrainingConfig(num_epochs=10, learning_rate=0.4, warmup_fraction=0.2)
    rate = config.optimizer(steps_per_epoch=10)._learning_rate
    values = [float(rate(step)) for step in (0, 10, 20, 60, 100)]
    assert values[0] == pytest.approx(0.004)
    assert values[2] == pytest.approx(0.4)
    assert values[3] == pytest.approx(0.2, rel=1e-3)
    assert values[4] == pytest.approx(0, abs=1e-6)
    flat = TrainingConfig(learning_rate=0.4, warmup_fraction=0).optimizer(1)
    assert float(flat._learning_rate(0)) == pytest.approx(0.4)


@pytest.mark.parametrize(("killed_in", "after_write"), [(1, True), (3, False)])
def test_killed_and_started_again_is_never_killed(
    learn, tmp_path, monkeypatch, killed_in, after_write
):
    """Killed right before or after a checkpoint is written: the same weights."""
    undisturbed, expected = learn(tmp_path / "a")
    write = Keeper._write

    def die(self, path):
        if len(self.history) == killed_in:
            if after_write:
                write(self, path)
            raise KeyboardInterrupt
        write(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "_write", die)
        with pytest.raises(KeyboardInterrupt):
            learn(tmp_path / "b")
    resumed, history = learn(tmp_path / "b")
    assert history == expected
    assert same_weights(resumed, undisturbed)
    a, b = (np.load(tmp_path / name / "checkpoint.npz") for name in "ab")
    for name in a.files:
        np.testing.assert_array_equal(a[name], b[name])


def test_finished_training_is_not_repeated(learn, tmp_path, monkeypatch):
    model, history = learn(tmp_path)
    monkeypatch.setattr(keras.Model, "fit", None)
    again, told = learn(tmp_path)
    assert told == history
    assert same_weights(model, again)


class Falling:
    """Stands for a model whose validation loss is given."""

    stop_training = False

    def __init__(self):
        self.variables = [keras.Variable(0.0)]


def end_epochs(keeper, losses):
    for epoch, loss in enumerate(losses):
        keeper.model.variables[0].assign(float(epoch))
        keeper.on_epoch_end(epoch, {"loss": 1.0, "val_loss": loss})
        if keeper.model.stop_training:
            return


def test_early_stopping_keeps_the_best_weights():
    keeper = Keeper(None, patience=2)
    keeper.set_model(Falling())
    end_epochs(keeper, [3, 2, 1, 1.5, 1.2, 0.1])
    assert len(keeper.history) == 5
    assert keeper.finished
    keeper.on_train_end()
    assert float(keeper.model.variables[0].numpy()) == 2


def test_stops_early_in_training(learn, tmp_path):
    """A learning rate that throws the weights about brings no lower loss for long."""
    options = {"num_epochs": 30, "learning_rate": 2.0, "patience": 3}
    model, history = learn(tmp_path, **options)
    losses = [val_loss for _, val_loss in history]
    assert len(history) < 30
    assert np.argmin(losses) == len(losses) - 4
    best = [np.load(tmp_path / "checkpoint.npz")[f"best{i}"] for i in (0, 1)]
    for weight, value in zip(model.get_weights(), best, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize(
    ("first", "second"),
    [({"identity": "a"}, {"identity": "b"}), ({}, {"identity": "a"})],
)
def test_checkpoint_of_another_training_is_refused(learn, tmp_path, first, second):
    learn(tmp_path, **first)
    with pytest.raises(ValueError, match=r"checkpoint\.npz is the .* of another model"):
        learn(tmp_path, **second)


def test_checkpoint_of_another_model_is_refused(learn, tmp_path):
    learn(tmp_path)
    config = TrainingConfig(num_epochs=4, batch_size=8)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    model.compile(config.optimizer(2), loss="mse")
    model.optimizer.build(model.trainable_variables)
    with pytest.raises(ValueError, match=r"checkpoint\.npz is the .* of another model"):
        Keeper(tmp_path / "checkpoint.npz", 5).restore(model)


def test_damaged_checkpoint(learn, tmp_path):
    for content in (b"", b"PK\x03\x04 and no more"):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        with pytest.raises(ValueError, match="is not a checkpoint that loads"):
            learn(tmp_path)
    np.savez(tmp_path / "checkpoint.npz", foreign=np.ones(3))
    with pytest.raises(ValueError, match="is not a checkpoint that loads"):
        learn(tmp_path)


@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_divergence_is_an_error_and_leaves_the_checkpoint(tmp_path, name):
    keeper = Keeper(tmp_path / "checkpoint.npz", patience=2)
    keeper.set_model(Falling())
    logs = {"loss": 1.0, "val_loss": 1.0, name: float("nan")}
    with pytest.raises(ValueError, match=r"diverged in epoch 3 .*lower learning_rate"):
        keeper.on_epoch_end(2, logs)
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges_says_so(learn):
    with pytest.raises(ValueError, match="training diverged in epoch"):
        learn(learning_rate=1e30, num_epochs=20)


def test_progress_bar_shows_steps_and_losses(learn, capsys):
    learn(progress=True)
    shown = capsys.readouterr().err
    for text in ("training", "8/8", "loss", "validation"):
        assert text in shown


def test_tensorboard_logs_are_written(learn, tmp_path):
    learn(tmp_path)
    names = {path.name for path in (tmp_path / "logs").iterdir()}
    assert {"train", "validation"} <= names


def test_fingerprint_tells_data_and_values_apart():
    h = np.arange(4.0)
    config = TrainingConfig()
    assert fingerprint(h, 1, config) == fingerprint(h.copy(), 1, TrainingConfig())
    others = [
        fingerprint(h + 1, 1, config),
        fingerprint(h.reshape(2, 2), 1, config),
        fingerprint(h.astype(np.float32), 1, config),
        fingerprint(h, 2, config),
        fingerprint(h, 1, TrainingConfig(num_epochs=2)),
    ]
    assert len({fingerprint(h, 1, config), *others}) == 6


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("warmup_fraction", 1.0),
        ("weight_decay", -1.0),
        ("patience", 0),
        ("epochs", 3),
    ],
)
def test_configuration_is_checked(field, value):
    with pytest.raises(ValidationError, match=field):
        TrainingConfig(**{field: value})
