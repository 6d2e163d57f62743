"""The curves of a run for TensorBoard."""

from pathlib import Path
from typing import Any

_CURVES = ("loss", "val_loss", "nmse_own_db", "nmse_all_db", "drift", "bytes_up")


class RoundLogs:
    """Writes the numbers of rounds of training.

    Parameters
    ----------
    folder
        For ``tensorboard --logdir``.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writer: Any = None

    def write(self, row: dict[str, Any]) -> None:
        """Write a row of ``rounds.csv``, if it is one of training."""
        if row["what"] != "train":
            return
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default(step=int(row["step"])):
            for name in _CURVES:
                if row.get(name) is not None:
                    tf.summary.scalar(name, row[name])
            for name in ("refused", "late"):
                tf.summary.scalar(name, row[name])
        self._writer.flush()
