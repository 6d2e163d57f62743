"""CPU time of one-pass estimators, in a process of one TensorFlow thread."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from commgen.measures.decibel import noise_variance

BATCH_SIZE = 256
_ROUNDS, _SNR_DB = 9, 10.0
_TIMEOUT_S = 1200
_ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def estimation_cost(folder: Path, names: Sequence[str]) -> dict[str, float]:
    """Measure CPU time for each channel, in batches of 256 on one thread.

    A process of its own is started for it: threads that wait would count as work.

    Parameters
    ----------
    folder
        Where the models lie, in folders of their names.
    names
        Of the models.

    Returns
    -------
    dict
        Name to seconds of one channel: the median over the rounds, in each of which
        all estimators run one after the other.

    Raises
    ------
    RuntimeError
        If the process fails; with what it said.
    """
    command = [sys.executable, "-m", __name__, str(folder), *names]
    done = subprocess.run(
        command,
        env={**os.environ, **_ONE_THREAD},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"timing of {folder} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _main(folder: Path, names: Sequence[str]) -> None:
    import tensorflow as tf

    from commgen._random import complex_normal
    from commgen.generative import load_model

    calls = {}
    for name in names:
        model = load_model(folder / name)
        calls[name] = tf.function(model.denoise, autograph=False), model.event_shape
    rng, no = np.random.default_rng(0), np.float32(noise_variance(_SNR_DB))
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for k in range(_ROUNDS + 1):
        for name, (call, shape) in calls.items():
            y = complex_normal(rng, (BATCH_SIZE, *shape))
            started = time.process_time()
            call(y, no)[0].numpy()
            if k > 0:  # the first call traces
                seconds[name].append((time.process_time() - started) / BATCH_SIZE)
    print(json.dumps({name: float(np.median(v)) for name, v in seconds.items()}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
