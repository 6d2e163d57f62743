"""Channels of terminals that walk through a city, ray-traced."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._files.npz import read_npz
from commgen._lazy import with_extra
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.source import ChannelSource

_WORKER = "commgen.channels.ray_tracing"
# Seconds that the tracer may take to start, and for each channel.
_START_S, _EACH_S = 300.0, 5.0
_LABELS = {"x_m": tf.float32, "y_m": tf.float32, "los": tf.bool}


class RayTracedChannel(ChannelSource):
    """Tracks of walking terminals, step by step, with what blocks them.

    Sionna RT (Hoydis et al., arXiv:2303.11103) looks for direct, reflected and
    diffracted paths between a roof and each step of a walk. A call gives the steps that
    follow those of the call before, of the same track or the next. A terminal that no
    path reaches has a channel of zeros.

    Parameters
    ----------
    config
        A :class:`~commgen.channels.RayTracedConfig`.
    seed
        As for :class:`ChannelSource`, and so are input and output; it decides the
        walks. Within a call nothing moves.

    Labels
    ------
    track, step : [batch_size], int64
        Number of the track, and of the step in it.
    time_s : [batch_size], float32
        Since the track began.
    x_m, y_m : [batch_size], float32
        Place in the scene.
    los : [batch_size], bool
        Whether the base station is in sight.

    Raises
    ------
    ModuleNotFoundError
        If the extra ``rt`` is not installed.
    """

    def __init__(self, config: RayTracedConfig, *, seed: int):
        if importlib.util.find_spec("mitsuba") is None:
            missing = ModuleNotFoundError("No module named 'mitsuba'", name="mitsuba")
            raise with_extra(missing)
        super().__init__(seed=seed)
        self._config = config

    @property
    def is_static(self) -> bool:
        """Whether it stands still within a call: always."""
        return True

    def _draw(self, call, batch_size, num_time_steps, sampling_frequency):
        c = self._config
        first = tf.cast(call, tf.int64) * batch_size
        a, tau, *places = tf.numpy_function(
            lambda words, start: self._trace(words, int(start), int(batch_size)),
            [self._seed_words, first],
            [tf.complex64, tf.float32, *_LABELS.values()],
        )
        a = tf.ensure_shape(a, (batch_size, c.num_rx_ant, c.num_paths))
        tau = tf.ensure_shape(tau, (batch_size, c.num_paths))
        a = tf.repeat(a[:, None, :, None, None, :, None], num_time_steps, axis=6)
        number = first + tf.range(batch_size, dtype=tf.int64)
        step = number % c.num_steps
        labels = {
            "track": number // c.num_steps,
            "step": step,
            "time_s": tf.cast(step, tf.float32) * np.float32(c.step_s),
        }
        for name, value in zip(_LABELS, places, strict=True):
            labels[name] = tf.ensure_shape(value, (batch_size,))
        return a, tau[:, None, None], labels

    def _trace(self, words, first: int, num: int) -> list[np.ndarray]:
        seed = int(np.random.SeedSequence(words.tolist()).generate_state(1)[0])
        task: dict[str, Any] = {"seed": seed, "first": first, "num": num}
        task["config"] = self._config.model_dump(mode="json")
        with tempfile.TemporaryDirectory() as folder:
            given, answer = Path(folder) / "task.json", Path(folder) / "answer.npz"
            given.write_text(json.dumps(task))
            _run(given, answer, _START_S + _EACH_S * num)
            found = read_npz(answer)
        return [found[name] for name in ("a", "tau", *_LABELS)]


def _run(task: Path, answer: Path, seconds: float) -> None:
    """Let the tracer work in its own process, where there is no TensorFlow.

    Raises
    ------
    RuntimeError
        If it fails or takes too long.
    """
    command = [sys.executable, "-W", "ignore", "-m", _WORKER, str(task), str(answer)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(
            f"the ray tracer must answer within {seconds:g} s, got no answer."
        ) from error
    if done.returncode or not answer.exists():
        lines = done.stderr.strip().splitlines()
        why = lines[-1] if lines else f"exit code {done.returncode}"
        raise RuntimeError(f"the ray tracer must end well, got: {why}")
