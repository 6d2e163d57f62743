"""Posterior means, samples and modes on 64 antennas, side by side."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.generative.denoising.flat import FlatDenoiser
from commgen.generative.denoising.solver import noise_levels
from commgen.generative.mixture.sample_covariance import lmmse_prior
from commgen.generative.model import Posterior
from commgen.inference.nmse_figure import save_nmse_figure
from commgen.inference.posterior.guided import guided_samples
from commgen.inference.posterior.langevin import langevin_posterior
from commgen.inference.posterior.map_estimate import map_estimate
from commgen.measures.decibel import noise_variance
from commgen.studies.nmse import Estimated, timed_row
from commgen.studies.stages import Stages, model_digests
from commgen.studies.tables import Rows
from commgen.studies.trained import trained_models

#: Models that are used, of ``commgen benchmark generative``.
MODELS = ("gmm", "gmm-circulant", "vae", "diffusion", "rectified-flow", "coupling")
ALL_SEEN, HALF_SEEN = "y = h + n", "32 of 64"
_MIXTURES = ("gmm", "gmm-circulant")
_ONE_PASS = ("vae", "diffusion", "rectified-flow")
_FEW_STEPS = ("diffusion", "rectified-flow")
_SAMPLES = 16
_STRUCTURES = ("full", "toeplitz", "circulant")
_COVARIANCE_SNR_DB = (-10.0, 0.0, 10.0)

Method = Callable[[np.ndarray, Any, float], Posterior | Estimated]


@dataclass(frozen=True)
class _Anywhere:
    """A method that takes any A."""

    method: Method

    def __call__(self, y: np.ndarray, A: Any, no: float) -> Posterior | Estimated:
        return self.method(y, A, no)


@dataclass(frozen=True)
class SamplerSize:
    """How many channels the samplers infer, and which run.

    Parameters
    ----------
    num_channels, num_slow
        Validation channels; the slow methods take few of them.
    snr_db, masked_snr_db
        SNR [dB] where all is seen, and where half of the antennas are.
    models
        Of :data:`MODELS`.
    few
        Numbers of training channels, beside all, that sample covariances are made of.
    chains
        Whether guided samples and annealed Langevin dynamics run too.
    """

    num_channels: int = 1000
    num_slow: int = 50
    snr_db: tuple[float, ...] = (-10.0, 0.0, 10.0, 20.0, 30.0)
    masked_snr_db: float = 10.0
    models: tuple[str, ...] = MODELS
    few: tuple[int, ...] = (100, 1000)
    chains: bool = True


#: Most steps in seconds; the figures mean little.
QUICK = SamplerSize(
    num_channels=20,
    num_slow=2,
    snr_db=(10.0,),
    models=("gmm", "gmm-circulant", "diffusion"),
    few=(),
    chains=False,
)


def posterior_sampler_study(
    output: Path, size: SamplerSize, *, models: Path | None, seed: int
) -> dict[str, Rows]:
    """Infer the validation channels of UMi-64 by every method.

    Parameters
    ----------
    output
        Folder of ``posterior-samplers.csv``, ``covariances.csv`` and a picture.
    size
        How much.
    models
        That of ``commgen benchmark generative``; None trains small ones.
    seed
        Of mask and noise.

    Returns
    -------
    dict
        Title to rows: the LMMSE estimator of few channels, by structure and shrinkage;
        then each method, with the error, the one promised, and CPU time a channel.
    """
    known = trained_models(models, output, size.models, seed=seed)
    train, h = known.channels("train"), known.channels("validation")
    h = h[: size.num_channels]
    stages = Stages(output / "stages")
    depends_on = [model_digests(known.folder, size.models), asdict(size), seed]
    few = stages.result(
        "covariances", depends_on, lambda: list(_few_channels(train, h, size, seed))
    )
    ready = {name: known.load(name) for name in size.models}
    fast, slow = _methods(ready, train, chains=size.chains)
    mask = np.sort(np.random.default_rng(seed).permutation(64)[:32])
    cases: list[Any] = [(ALL_SEEN, None, snr_db) for snr_db in size.snr_db]
    cases.append((HALF_SEEN, np.eye(64)[mask], size.masked_snr_db))
    rows = []
    total = len(cases) * (len(fast) + len(slow))
    with progress_bar("posteriors", total, unit="posteriors") as advance:

        def compute(case, A, snr_db) -> Rows:
            found = []
            for name, method in {**fast, **slow}.items():
                if A is None or isinstance(method, _Anywhere):
                    channels = h[: size.num_slow] if name in slow else h
                    row = _row(method, channels, A, snr_db, seed)
                    found.append({"case": case, "estimator": name, **row})
                advance(1, note=f"{name}, {snr_db:g} dB")
            return found

        for case, A, snr_db in cases:
            name = f"{'all' if A is None else 'half'}-{snr_db:g}"
            rows += stages.result(name, depends_on, partial(compute, case, A, snr_db))
    write_csv(output / "covariances.csv", few)
    write_csv(output / "posterior-samplers.csv", rows)
    seen = [row for row in rows if row["case"] == ALL_SEEN]
    title = "64 antennas, validation channels"
    save_nmse_figure(output / "posterior-samplers.png", seen, title)
    return {"LMMSE of few channels": few, title: rows}


def _few_channels(train, h, size: SamplerSize, seed) -> Iterator[dict[str, Any]]:
    """Score the LMMSE of few and of all training channels, at three SNRs."""
    for n in (*size.few, len(train)):
        for structure in _STRUCTURES:
            for shrinkage in (None, "ledoit-wolf", "oas"):
                if shrinkage == "oas" and structure != "full":
                    continue
                method = _direct(lmmse_prior(train[:n], structure, shrinkage))
                told = {"learned_from": n, "structure": structure}
                told["shrinkage"] = shrinkage or "unshrunk"
                for snr_db in _COVARIANCE_SNR_DB:
                    yield {**told, **_row(method, h, None, snr_db, seed)}


def _methods(
    models: dict[str, Any], train: np.ndarray, *, chains: bool
) -> tuple[dict[str, Method], dict[str, Method]]:
    """Return the methods by name, those that take all channels and the slow ones."""

    def ready(names):
        return [name for name in names if name in models]

    fast: dict[str, Method] = {
        "LS": _least_squares,
        "sample-covariance LMMSE": _Anywhere(_direct(lmmse_prior(train))),
    }
    fast |= {f"{n}, mean": _Anywhere(_direct(models[n])) for n in ready(_MIXTURES)}
    fast |= {f"{n}, one pass": _direct(models[n]) for n in ready(_ONE_PASS)}
    for name in ready(_FEW_STEPS):
        for num_steps in (1, 2, 4):
            told = f"{name}, {_SAMPLES} samples of {num_steps}"
            fast[told] = _sampled(models[name], num_steps)
    network = models["diffusion"]
    slow: dict[str, Method] = {
        "diffusion, posterior": _Anywhere(_direct(network)),
    }
    if chains:
        guided = partial(_guided, FlatDenoiser(network))
        slow["diffusion, guided"] = _Anywhere(guided)
        slow["annealed Langevin"] = _Anywhere(partial(langevin_posterior, network))
    for name in ready(("gmm", "coupling")):
        slow[f"{name}, mode"] = _Anywhere(partial(_mode, models[name]))
    return fast, slow


def _least_squares(y, A, no) -> Posterior:
    return Posterior(y, np.full(y.shape, no))


def _direct(model) -> Method:
    return lambda y, A, no: model.posterior(y, A, no)


def _sampled(model, num_steps) -> Method:
    """Return the mean and variance of a few samples, as if there were nothing else."""

    def call(y, A, no):
        h = model.posterior(y, A, no, num_samples=_SAMPLES, num_steps=num_steps).samples
        return _of_samples(h)

    return call


def _of_samples(h: np.ndarray) -> Posterior:
    variance = h.var(axis=0, ddof=1) * (1 + 1 / _SAMPLES)
    return Posterior(h.mean(axis=0), variance)


def _mode(model, y, A, no) -> Estimated:
    return Estimated(map_estimate(model, y, A, no).h_map)


def _guided(flat, y, A, no) -> Posterior:
    """Sample as Song et al. (ICLR 2023) do, in 48 steps of 16 samples."""
    A = np.eye(y.shape[1]) if A is None else A
    rng, n = np.random.default_rng(0), _SAMPLES * len(y)
    h = guided_samples(
        flat.pull,
        np.tile(y, (_SAMPLES, 1)) / np.sqrt(no),
        A / np.sqrt(no),
        partial(complex_normal, rng, (n, A.shape[1])),
        noise_levels(0.01, 10**1.5, 48),
    )
    return _of_samples(h.reshape(_SAMPLES, len(y), -1))


def _row(method: Method, h, A, snr_db: float, seed: int) -> dict[str, Any]:
    """Score one method, traced on the first channels before it is timed."""
    no = noise_variance(snr_db)
    seen = h if A is None else h @ A.T
    noise = complex_normal(np.random.default_rng([seed, 1]), seen.shape)
    y = (seen + np.sqrt(no) * noise).astype(np.complex64)
    method(y[:2], A, no)
    return {"snr_db": float(snr_db), **timed_row(h, lambda: method(y, A, no))}
