"""Coupling flow over complex channels: exact likelihood, sampling in one pass."""

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops
from commgen.generative.family import NetworkFamily
from commgen.generative.flow.power import PowerSpline
from commgen.generative.flow.radial import RadialCoupling
from commgen.generative.likelihood import LikelihoodModel
from commgen.generative.networks.fourier import FourierScale
from commgen.generative.training import TrainingConfig


@keras.saving.register_keras_serializable("commgen")
class CouplingFlow(LikelihoodModel):
    r"""Invertible network between channels and white noise.

    .. math:: \ln p(h) = \ln\mathcal{CN}(f(h); 0, I) + \ln|\det \partial f / \partial h|

    In the scaled Fourier domain, a coupling turns some of the coefficients into noise
    by what others are (RealNVP, Dinh et al., ICLR 2017). First go every second one, or
    a part of them, given all that stay; then every second one of these; the last one
    has only the condition to follow. So samples are made coarse to fine. A coupling is
    a :class:`~commgen.generative.flow.radial.RadialCoupling`: a shift, and a monotone
    spline of the power (Durkan et al., NeurIPS 2019), which commute with a common
    phase; the power of the whole channel has a spline of its own, before all others.
    The density does not depend on that phase, whatever the training channels were.

    Parameters
    ----------
    event_shape
        Shape of one channel; convolutions run along its last axis.
    num_blocks
        Couplings, at most. Coefficients that one of them changes are independent given
        those that it sees: more couplings are more exact, and slower.
    width
        Features of the network in a coupling.
    num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    default_training = TrainingConfig(num_epochs=28, batch_size=128, learning_rate=2e-3)

    def __init__(
        self, event_shape, num_blocks=8, width=32, num_conditions=0, *, name=None
    ):
        super().__init__(event_shape, num_conditions, name=name)
        self.num_blocks = check_int("num_blocks", num_blocks, low=1)
        self.width = check_int("width", width, low=1)
        self.scale = FourierScale(self.event_shape)
        groups = coarse_to_fine(int(np.prod(self.event_shape)), num_blocks)
        order = np.concatenate(groups)
        ends = np.cumsum([len(group) for group in groups])
        couplings = [
            RadialCoupling(
                self.event_shape, group, np.sort(order[: end - len(group)]), width
            )
            for group, end in reversed(list(zip(groups, ends, strict=True)))
        ]
        self.blocks = [PowerSpline(order.size), *couplings]
        for layer in self.blocks:
            layer.build((None, self.num_conditions))
        self.built = True

    def call(self, inputs):
        """Return the log-density of {"x": [n, size, 2], "condition"}, [n]."""
        condition = self.conditioning(inputs["condition"])
        z, log_det = inputs["x"], 0.0
        for layer in self.blocks:
            z, more = layer((z, condition))
            log_det = log_det + more
        return log_det - ops.sum(z**2 + float(np.log(np.pi)) / 2, axis=(1, 2))

    def _invert(self, z, condition):
        """Turn noise into scaled channels, both [n, size, 2]."""
        condition = self.conditioning(condition)
        for layer in reversed(self.blocks):
            z = layer.invert(z, condition)
        return z

    def _sums(self, h, condition):
        return self.scale.sums(h)

    def _adapt(self, total):
        self.scale.adapt_sums(total)

    def _encode(self, h):
        return self.scale.encode(h).reshape(len(h), -1, 2)

    def _log_volume(self):
        return -2 * float(np.log(self.scale.scale.astype(np.float64)).sum())

    def _draw(self, rng, n, condition):
        noise = complex_normal(rng, (n, self.scale.scale.size))
        z = noise.view(np.float32).reshape(n, -1, 2)
        x = np.asarray(self._graph("_invert")(z, self._given(condition, n)))
        return self.scale.decode(x.reshape(n, *self.event_shape, 2))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "num_blocks": self.num_blocks,
            "width": self.width,
        }


def coarse_to_fine(size, num_groups) -> list[np.ndarray]:
    """Return indices in groups, each between those before it, twice as many or fewer.

    Examples
    --------
    >>> [group.tolist() for group in coarse_to_fine(8, 4)]
    [[0], [4], [2, 6], [1, 3, 5, 7]]
    """
    num_bits = int(size - 1).bit_length()
    bits = (np.arange(2**num_bits)[:, None] >> np.arange(num_bits)) & 1
    order = np.argsort(bits @ 2 ** np.arange(num_bits)[::-1], kind="stable")
    order = order[order < size]
    first, largest = 1, 1
    while len(_ends(size, first, size)) > num_groups:
        first += 1
    while len(_ends(size, first, largest)) > num_groups:
        largest += 1
    ends = _ends(size, first, largest)
    return [np.sort(group) for group in np.split(order, ends[:-1])]


def _ends(size, first, largest) -> list[int]:
    """Return where groups end if each is as large as all before, up to a limit."""
    ends = [min(first, size)]
    while ends[-1] < size:
        ends.append(min(ends[-1] + min(ends[-1], max(first, largest)), size))
    return ends


FAMILIES = {"coupling": NetworkFamily(CouplingFlow)}
