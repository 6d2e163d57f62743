"""Estimators of 64 x 16 channels of the 3GPP spatial model, beside Fesl et al."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.channels import SpatialConfig, draw_channels
from commgen.generative import GaussianMixture, load_model
from commgen.generative.recipes import learn
from commgen.inference.genie import GenieEstimator
from commgen.inference.nmse_figure import save_nmse_figure
from commgen.measures.decibel import noise_variance
from commgen.studies.estimation.report import FESL_DB
from commgen.studies.nmse import SNR_DB, error_row
from commgen.studies.seeds import part_seed
from commgen.studies.tables import Rows

NETWORK = "network"
_NUM_VALIDATION = 1000
_PUBLISHED_SHAPE = (64, 16)

Estimate = Callable[[np.ndarray, float], tuple[Any, Any]]


@dataclass(frozen=True)
class SpatialSize:
    """How much the study of the spatial model draws and learns.

    Parameters
    ----------
    num_train, num_test, num_epochs
        Channels to learn and to judge by, and passes of the network; None leaves the
        network out.
    num_mixture, num_components
        Channels that the circulant mixture learns, and its size.
    batch_size
        Channels that are estimated at a time.
    num_rx_ant, num_tx_ant
        Antennas; Fesl et al. have 64 and 16.
    snr_db
        SNR [dB].
    """

    num_train: int = 100_000
    num_test: int = 2000
    num_epochs: int | None = 6
    num_mixture: int = 10_000
    num_components: int = 32
    batch_size: int = 256
    num_rx_ant: int = 64
    num_tx_ant: int = 16
    snr_db: tuple[float, ...] = tuple(float(snr) for snr in SNR_DB)

    @property
    def config(self) -> SpatialConfig:
        """Configuration of the channels."""
        return SpatialConfig(num_rx_ant=self.num_rx_ant, num_tx_ant=self.num_tx_ant)


#: Small arrays, and all steps but the network's in seconds.
QUICK = SpatialSize(400, 60, None, 400, 4, 60, 16, 4, (0.0, 10.0))


def spatial_model_study(
    output: Path, size: SpatialSize, *, seed: int
) -> dict[str, Rows]:
    """Train what is not yet in the folder, and judge it on new channels.

    Parameters
    ----------
    output
        Folder of ``spatial-model.csv``, a picture, and models; a training that was cut
        off goes on.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: of each estimator and SNR its error, the one promised, and CPU
        time on one thread, beside the genie's and what Fesl et al. recorded.
    """
    if size.num_epochs is not None:
        # Waiting threads spin, and would count as work; TensorFlow that has started
        # keeps the threads that it has.
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    models = _fitted(output, size, seed)
    test = draw_channels(
        size.config,
        size.num_test,
        seed=part_seed(seed, "set/test"),
        return_covariance=True,
    )
    rows = _judged(test, models, size, part_seed(seed, "spatial-model/noise"))
    title = f"{size.num_rx_ant} x {size.num_tx_ant} antennas, spatial model"
    write_csv(output / "spatial-model.csv", rows)
    own = [row for row in rows if "nmse_low_db" in row]
    save_nmse_figure(output / "spatial-model.png", own, title)
    return {title: rows}


def _judged(test, models: dict[str, Any], size: SpatialSize, seed: int) -> Rows:
    h, rng = test.h[..., 0, 0], np.random.default_rng(seed)
    estimators: dict[str, Estimate] = {"LS": lambda y, no: (y, np.full(y.shape, no))}
    estimators |= {name: _one_pass(m, size.batch_size) for name, m in models.items()}
    recorded = dict(zip(map(float, SNR_DB), FESL_DB, strict=True))
    genie = GenieEstimator(test.covariance, test.covariance_tx)
    rows: Rows = []
    total = len(size.snr_db) * (len(estimators) + 1)
    with progress_bar("spatial model", total, unit="estimates") as advance:
        for snr_db in size.snr_db:
            no = noise_variance(snr_db)
            y = h + np.float32(np.sqrt(no)) * complex_normal(rng, h.shape)
            for name, estimate in estimators.items():
                started = time.process_time()
                h_hat, err_var = _in_batches(estimate, y, no, size.batch_size)
                cpu_ms = 1e3 * (time.process_time() - started) / len(h)
                row = {"estimator": name, "snr_db": snr_db}
                rows.append(row | error_row(h, h_hat, err_var) | {"cpu_ms": cpu_ms})
                advance(1, note=f"{name}, {snr_db:g} dB")
            row = {"estimator": "genie", "snr_db": snr_db}
            rows.append(row | error_row(h, *genie(y, no)))
            advance(1, note=f"genie, {snr_db:g} dB")
    if h.shape[1:] != _PUBLISHED_SHAPE:
        return rows
    return rows + [
        {"estimator": "Fesl, recorded", "snr_db": snr, "nmse_db": recorded[snr]}
        for snr in size.snr_db
    ]


def _fitted(output: Path, size: SpatialSize, seed: int) -> dict[str, Any]:
    """Return the models by name, from the folder or fitted and left there."""
    fits: dict[str, Callable[[Any], Any]] = {
        "LMMSE": lambda h: GaussianMixture(h.shape[1:], 1).fit(h, seed=seed),
        "circulant GMM": lambda h: GaussianMixture(
            h.shape[1:], size.num_components, "circulant"
        ).fit(h[: size.num_mixture], seed=seed),
    }
    if size.num_epochs is not None:
        fits[NETWORK] = lambda h: _network(h, output, size, seed)
    models, train = {}, None
    for name, fit in fits.items():
        path = output / name.replace(" ", "-")
        if not path.exists():
            if train is None:
                own = part_seed(seed, "set/train")
                drawn = draw_channels(size.config, size.num_train, seed=own)
                train = drawn.h[..., 0, 0]
            fit(train).save(path, card={"seed": seed, **asdict(size)})
        models[name] = load_model(path)
    return models


def _network(h: np.ndarray, output: Path, size: SpatialSize, seed: int) -> Any:
    """Train the network, with validation channels of another seed."""
    own = part_seed(seed, "set/validation")
    validation = draw_channels(size.config, _NUM_VALIDATION, seed=own)
    return learn(
        h,
        "separable",
        seed=seed,
        validation=validation.h[..., 0, 0],
        num_epochs=size.num_epochs,
        symmetries=(),
        folder=output / "training",
        progress=True,
    )


def _one_pass(model, batch_size: int) -> Estimate:
    """Return ``denoise`` of a model as a compiled graph, traced already."""
    shape = model.event_shape
    graph: Any = tf.function(
        model.denoise,
        input_signature=[
            tf.TensorSpec((None, *shape), tf.complex64),
            tf.TensorSpec((), tf.float32),
        ],
        autograph=False,
    )
    graph(np.zeros((batch_size, *shape), np.complex64), np.float32(1))
    return lambda y, no: graph(y, np.float32(no))


def _in_batches(estimate: Estimate, y, no, batch_size) -> tuple[np.ndarray, np.ndarray]:
    parts = [estimate(y[i : i + batch_size], no) for i in range(0, len(y), batch_size)]
    h_hat, err_var = (
        np.concatenate([np.asarray(part[k]) for part in parts]) for k in (0, 1)
    )
    return h_hat, err_var
