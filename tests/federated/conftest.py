import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.datasets.channel_file import write_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.federated.config import parse_federation

META = {"domain": "frequency", "subcarrier_spacing_hz": 30e3}


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A file of three places on ten days, with another covariance at each place."""
    rng = np.random.default_rng(7)
    num, size = 360, 4
    place, day = np.arange(num) % 3, np.arange(num) * 10 // num + 1
    spread = np.array([[1, 1, 0.2, 0.2], [0.2, 1, 1, 0.2], [0.2, 0.2, 1, 1]])
    h = np.sqrt(3 * spread[place] / spread.sum(axis=1)[place, None])
    h = (h * complex_normal(rng, (num, size))).astype(np.complex64)
    path = tmp_path_factory.mktemp("federated") / "places.h5"
    labels = {"place": place, "day": day, "level": rng.normal(size=num)}
    meta = ChannelMeta.model_validate(META)
    write_channels(path, h[:, :, None, None, None], meta, labels)
    return path


@pytest.fixture
def values(recording):
    """Plain values of a federation of three places."""
    nodes = {
        f"place {i}": {"file": str(recording), "rows": {"place": i}} for i in (0, 1, 2)
    }
    split = {"label": "day", "train": [1, 6], "validation": [7, 8], "test": [9, 10]}
    model = {"family": "gmm", "num_components": 2, "covariance": "full"}
    return {"seed": 5, "nodes": nodes, "split": split, "model": model}


@pytest.fixture
def federation(values):
    return parse_federation(values)
