"""How well priors fill in what a mask hides, and what error they promise."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen.channels import draw_channels
from commgen.measures.decibel import noise_variance
from commgen.studies.nmse import timed_row
from commgen.studies.tables import Rows
from commgen.studies.trained import trained_models

MODELS = ("lmmse", "gmm", "diffusion")
_SIZE = 64


@dataclass(frozen=True)
class MaskedSize:
    """How many channels are seen through a mask, at which SNR [dB], by which models."""

    num_channels: int = 200
    snr_db: float = 10.0
    models: tuple[str, ...] = MODELS


#: Enough for a look, in closed form.
QUICK = MaskedSize(8, models=MODELS[:2])


def masked_posterior_study(
    output: Path, size: MaskedSize, *, models: Path | None, seed: int
) -> dict[str, Rows]:
    """Infer new channels from half of their antennas.

    Parameters
    ----------
    output
        Folder of ``masked-posterior.csv``.
    size
        How much.
    models
        Folder of the models :data:`MODELS`; None trains small ones.
    seed
        Of channels, mask and noise.

    Returns
    -------
    dict
        Title to rows: of each model the error over all antennas, the error that is
        promised, and CPU time for each channel.
    """
    known = trained_models(models, output, size.models, seed=seed)
    draw = draw_channels(known.config, size.num_channels, seed=seed)
    h = draw.h.reshape(len(draw.h), -1)
    rng = np.random.default_rng(seed)
    A = np.eye(_SIZE)[np.sort(rng.permutation(_SIZE)[: _SIZE // 2])]
    no = noise_variance(size.snr_db)
    noise = rng.normal(size=(len(h), len(A), 2)).view(complex)[..., 0]
    y = h @ A.T + np.sqrt(no / 2) * noise
    rows = []
    with progress_bar("masked posteriors", len(size.models), unit="models") as advance:
        for name in size.models:
            posterior = partial(known.load(name).posterior, y, A, no)
            rows.append({"model": name, **timed_row(h, posterior)})
            advance(1, note=name)
    write_csv(output / "masked-posterior.csv", rows)
    return {f"32 of 64 antennas at {size.snr_db:g} dB": rows}
