"""Training of Keras models that resumes where it was killed, with a progress bar."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from commgen._files.npz import read_npz, write_npz
from commgen._files.whole import write_text
from commgen._progress import Advance, progress_bar
from commgen.generative._untyped import keras


class TrainingConfig(BaseModel):
    """How long and how fast a network learns.

    Parameters
    ----------
    num_epochs
        Passes over the training channels.
    batch_size
        Channels in one step.
    learning_rate
        Peak of the schedule: a linear rise, then half a cosine to zero.
    warmup_fraction
        Part of all steps in the rise.
    weight_decay, beta_1
        Of AdamW.
    patience
        Epochs without a lower validation loss after which training ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_epochs: int = Field(default=50, ge=1)
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_fraction: float = Field(default=0.05, ge=0, lt=1)
    weight_decay: float = Field(default=1e-3, ge=0)
    beta_1: float = Field(default=0.9, ge=0, lt=1)
    patience: int = Field(default=20, ge=1)

    def optimizer(self, steps_per_epoch: int) -> Any:
        """Return AdamW with the schedule of this configuration."""
        total = self.num_epochs * steps_per_epoch
        warmup = int(self.warmup_fraction * total)
        schedule = keras.optimizers.schedules.CosineDecay(
            self.learning_rate / 100 if warmup else self.learning_rate,
            max(total - warmup, 1),
            warmup_target=self.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
        return keras.optimizers.AdamW(
            schedule, weight_decay=self.weight_decay, beta_1=self.beta_1
        )


class Batches(keras.utils.PyDataset):
    """Batches that are a function of (seed, epoch, index) alone.

    Parameters
    ----------
    make
        ``make(rng, rows)`` returns the batch of these rows.
    num_rows, batch_size
        Rows in one epoch, and in one batch; the last batch may be smaller.
    seed
        First word of every batch's seed.
    epoch
        Epoch to start from; None for validation, where every epoch is the same.
    choose
        ``choose(rng, num_rows, batch_size)`` returns the rows of a training batch; None
        for those of a permutation of all.
    """

    def __init__(
        self,
        make: Callable,
        num_rows,
        batch_size,
        *,
        seed,
        epoch: int | None = 0,
        choose: Callable | None = None,
    ):
        super().__init__(workers=1)
        self._make, self._num_rows = make, num_rows
        self._batch_size = min(batch_size, num_rows)
        self._seed, self._epoch, self._choose = seed, epoch, choose

    @property
    def num_batches(self):
        """Batches in an epoch: training drops an incomplete last one."""
        if self._epoch is None:
            return -(-self._num_rows // self._batch_size)
        return self._num_rows // self._batch_size

    def __len__(self):
        return self.num_batches

    def __getitem__(self, index):
        epoch = 0 if self._epoch is None else 1 + self._epoch
        rng = np.random.default_rng([self._seed, epoch, index])
        return self._make(rng, self._rows(rng, index))

    def _rows(self, rng, index):
        if self._epoch is not None and self._choose is not None:
            return self._choose(rng, self._num_rows, self._batch_size)
        rows = np.arange(self._num_rows)
        if self._epoch is not None:
            order = np.random.default_rng([self._seed, self._epoch])
            rows = order.permutation(rows)
        return rows[index * self._batch_size : (index + 1) * self._batch_size]

    def start(self, epoch: int) -> None:
        """Make ``epoch`` the next one."""
        self._epoch = epoch

    def on_epoch_end(self):
        """Move on to the next epoch."""
        if self._epoch is not None:
            self._epoch += 1


class Keeper(keras.callbacks.Callback):
    """Early stopping and one checkpoint file that holds all there is to resume.

    After each epoch the weights, the optimizer's state, the best weights so far and
    the history go to ``path`` in one atomic step. Training that starts again with this
    file goes on after that epoch, as if it had never been stopped.

    Parameters
    ----------
    path
        Checkpoint (.npz), or None to keep it in memory alone.
    patience
        Epochs without a lower validation loss before the end.
    identity
        From :func:`fingerprint`: a checkpoint of another training is refused.
    """

    def __init__(self, path: Path | None, patience: int, identity: str = ""):
        super().__init__()
        self._path, self._patience, self._identity = path, patience, identity
        self._best: list[np.ndarray] = []
        self.history: list[tuple[float, float]] = []

    def restore(self, model: Any) -> None:
        """Load the checkpoint, if there is one, into a built and compiled model.

        Raises
        ------
        ValueError
            If the file is damaged, or the checkpoint of another training.
        """
        if self._path is None or not self._path.exists():
            return
        try:
            groups, history, identity = _read(self._path)
        except Exception as error:  # NumPy raises whatever its parts raise
            raise ValueError(
                f"{self._path} is not a checkpoint that loads ({error}); remove it."
            ) from error
        if identity != self._identity:
            raise _other_training(self._path)
        self.history = history
        _assign(model.variables, groups["model"], self._path)
        _assign(model.optimizer.variables, groups["optimizer"], self._path)
        self._best = groups["best"]

    @property
    def finished(self) -> bool:
        """Whether the last ``patience`` epochs brought nothing."""
        losses = [val_loss for _, val_loss in self.history]
        return (
            bool(losses) and len(losses) - 1 - int(np.argmin(losses)) >= self._patience
        )

    def on_epoch_end(self, epoch, logs=None):
        """Keep the best weights, write the checkpoint, and stop if it is time."""
        logs = logs or {}
        loss, val_loss = float(logs["loss"]), float(logs["val_loss"])
        check_losses(epoch, loss, val_loss)
        if not self.history or val_loss < min(v for _, v in self.history):
            self._best = [np.array(v) for v in self.model.variables]
        self.history.append((loss, val_loss))
        if self._path is not None:
            self._write(self._path)
        if self.finished:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Leave the model with its best weights."""
        if self._best:
            _assign(self.model.variables, self._best, self._path)

    def _write(self, path: Path) -> None:
        groups = {
            "model": self.model.variables,
            "optimizer": self.model.optimizer.variables,
            "best": self._best,
        }
        arrays: Any = {
            "history": np.array(self.history),
            "identity": np.array(self._identity),
        }
        for name, values in groups.items():
            arrays[f"num_{name}"] = np.array(len(values))
            arrays |= {f"{name}{i}": np.array(v) for i, v in enumerate(values)}
        write_npz(path, arrays)


def check_losses(epoch: int, loss: float, val_loss: float) -> None:
    """Raise ValueError if the losses of an epoch, counted from 0, are not finite."""
    if not np.isfinite([loss, val_loss]).all():
        raise ValueError(
            f"training diverged in epoch {epoch + 1} (loss {loss}, validation loss "
            f"{val_loss}); lower learning_rate."
        )


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of arrays and of values that print what they are."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.shape} {part.dtype}".encode())
            digest.update(part.tobytes())
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def _read(path):
    saved = read_npz(path)
    groups = {
        name: [saved[f"{name}{i}"] for i in range(int(saved[f"num_{name}"]))]
        for name in ("model", "optimizer", "best")
    }
    history = [(loss, val_loss) for loss, val_loss in saved["history"].tolist()]
    return groups, history, str(saved["identity"])


def _other_training(path):
    return ValueError(
        f"{path} is the checkpoint of another model, data set, seed or configuration; "
        "remove it or train into another folder."
    )


def _assign(variables, values, path):
    if [tuple(v.shape) for v in variables] != [v.shape for v in values]:
        raise _other_training(path)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class RichProgress(keras.callbacks.Callback):
    """Moves a progress bar on by steps, with training and validation loss."""

    def __init__(self, advance: Advance):
        super().__init__()
        self._advance = advance
        self._validation = ""

    def on_train_batch_end(self, batch, logs=None):
        """Move on by one step."""
        loss = (logs or {}).get("loss", float("nan"))
        self._advance(1, note=f"loss {loss:.4f}{self._validation}")

    def on_epoch_end(self, epoch, logs=None):
        """Note the validation loss."""
        self._validation = f", validation {(logs or {})['val_loss']:.4f}"


def train(
    model: Any,
    training: Batches,
    validation: Batches,
    config: TrainingConfig,
    *,
    folder: Path | None,
    description: str,
    progress: bool,
    identity: str = "",
) -> list[tuple[float, float]]:
    """Train a compiled model, or go on with a training that was cut off.

    Parameters
    ----------
    model
        Built and compiled.
    training, validation
        Batches to learn from, and to choose the best epoch by.
    config
        The configuration of the optimizer that ``model`` was compiled with.
    folder
        Where ``checkpoint.npz`` and TensorBoard's ``logs/`` are kept; None keeps none.
    description
        Title of the progress bar.
    progress
        Show it.
    identity
        From :func:`fingerprint`, of all that the result depends on: a checkpoint with
        another one is refused.

    Returns
    -------
    list of (loss, val_loss)
        One entry for each epoch.

    Raises
    ------
    ValueError
        If the loss is no longer finite, or ``folder`` holds a checkpoint that is
        damaged or of another training.
    """
    path = None if folder is None else folder / "checkpoint.npz"
    keeper = Keeper(path, config.patience, identity)
    model.optimizer.build(model.trainable_variables)
    keeper.restore(model)
    done = len(keeper.history)
    training.start(done)
    callbacks: list[Any] = [keeper]
    if folder is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(folder / "logs")))
    if keeper.finished or done >= config.num_epochs:
        keeper.set_model(model)
        keeper.on_train_end()
        return keeper.history
    left = (config.num_epochs - done) * len(training)
    with progress_bar(description, left, unit="steps", enabled=progress) as advance:
        if progress:
            callbacks.append(RichProgress(advance))
        with _room_for_logs(folder):
            keras.Model.fit(
                model,
                training,
                validation_data=validation,
                initial_epoch=done,
                epochs=config.num_epochs,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )
    return keeper.history


@contextmanager
def _room_for_logs(folder: Path | None) -> Iterator[None]:
    """Tell of a full disk as everywhere: TensorBoard's writer does not name it."""
    try:
        yield
    except Exception as error:
        if folder is not None and type(error).__module__.startswith("tensorflow"):
            _try_to_write(folder / "logs" / "room", error)
        raise


def _try_to_write(path: Path, error: Exception) -> None:
    """Raise the system's own error where so much cannot be written, or do nothing."""
    try:
        write_text(path, 2**16 * " ")
    except OSError as full:
        raise OSError(full.errno, full.strerror, str(path.parent)) from error
    path.unlink()
