"""What a node tells of its channels before anything is learned."""

import numpy as np

from commgen.datasets.events import AXES
from commgen.federated.nodes.data import PARTS, NodeData
from commgen.federated.tasks import Answer

#: Numbers of a channel file's metadata that a model's card needs.
META_NUMBERS = (
    "subcarrier_spacing_hz",
    "sample_rate_hz",
    "carrier_hz",
    "bandwidth_hz",
    "time_step_s",
)
# Entries of a channel up to which a covariance is sent whole; above, its diagonal in
# the Fourier domain.
MOST_ENTRIES = 128


def describe(
    data: NodeData,
    index: int,
    num_nodes: int,
    *,
    seed: int,
    covariances: bool = True,
) -> Answer:
    """Return how many channels a node has, their power, and their covariances.

    Parameters
    ----------
    data
        The node's channels.
    index
        Place of the node.
    num_nodes
        Nodes that take part: ``iid`` is the covariance of one of so many parts of the
        channels, drawn at random. Added over the nodes it is that of a cell as an even
        split of all channels would make it.
    seed
        Seed of that draw.
    covariances
        Whether they are told: a node that is to be private keeps them.

    Returns
    -------
    Answer
        ``sums/covariance``, ``sums/iid`` : [size, size, 2] or [size], float64, the
        means of h h^H over all the channels to learn from, and over those of the part,
        which is weighed by how many those are. The metrics say how many channels
        (``num_train``, ...), of which shape (``axis0``, ...), what the axes are
        (``layout0``, ..., places in :data:`~commgen.datasets.events.AXES`), their power
        and the numbers of their metadata (``meta_carrier_hz``, ...).
    """
    h = data.train.h.reshape(len(data.train), -1)
    rng = np.random.default_rng([seed, index])
    part = rng.permutation(len(h)) % num_nodes == index % num_nodes
    arrays = {
        "sums/covariance": covariance(h, data.event_shape) / len(h),
        "sums/iid": covariance(h[part], data.event_shape) / len(h),
        "sums/iid_count": np.array(np.count_nonzero(part) / len(h)),
    }
    shape = {f"axis{i}": float(n) for i, n in enumerate(data.event_shape)}
    for i, axis in enumerate(data.layout):
        shape[f"layout{i}"] = float(AXES.index(axis))
    for name in META_NUMBERS:
        if (value := getattr(data.meta, name)) is not None:
            shape[f"meta_{name}"] = float(value)
    sizes = {f"num_{part}": float(len(getattr(data, part))) for part in PARTS}
    arrays = arrays if covariances else {}
    metrics = {"partition": float(index), "power": data.power, **sizes, **shape}
    return Answer(arrays, len(h), metrics)


def covariance(h: np.ndarray, event_shape: tuple[int, ...]) -> np.ndarray:
    """Return the sum of h h^H over channels, real numbers.

    Parameters
    ----------
    h : [n, size], complex
        Channels, flattened.
    event_shape
        Their shape.

    Returns
    -------
    [size, size, 2], float64, real and imaginary part; or, for large channels, [size],
    the powers in the Fourier domain.
    """
    if h.shape[1] <= MOST_ENTRIES:
        total = h.T.astype(np.complex128) @ h.conj()
        return np.stack([total.real, total.imag], axis=-1)
    axes = tuple(range(1, 1 + len(event_shape)))
    beams = np.fft.fftn(h.reshape(-1, *event_shape), axes=axes, norm="ortho")
    return np.sum(np.abs(beams).astype(np.float64) ** 2, axis=0).reshape(-1)
