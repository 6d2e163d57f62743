"""Scalings that a network need not learn: those of the data's covariance."""

import numpy as np

from commgen.generative._untyped import keras, layers, ops
from commgen.generative.additive import pack_hermitian, unpack_hermitian
from commgen.generative.networks.subnets import real_matrix

# Eigenvalues under this share of the largest are lost in the rounding of float32.
_RELATIVE_FLOOR = 1e-6


@keras.saving.register_keras_serializable("commgen")
class GaussianPreconditioner(layers.Layer):
    r"""Scalings of a denoiser's input and output along the data's eigenvectors.

    Karras et al. (NeurIPS 2022, eq. 7) scale both for white data. Here the same holds
    along each eigenvector u of the data's covariance, with eigenvalue
    :math:`\lambda`: noisy channels come in with unit variance, and what the network
    returns goes out as the error of the LMMSE estimate is spread,

    .. math:: x_u = \frac{u^\mathsf{H} y}{\sqrt{\lambda + N_0}}, \qquad
        e_u = \sqrt{\frac{\lambda N_0}{\lambda + N_0}}\, u^\mathsf{H} f

    Until :meth:`adapt` is called the data count as white and of unit power.

    Parameters
    ----------
    size
        Complex entries of a channel.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        fixed = {"trainable": False}
        self._eigenvalues = self.add_weight(
            shape=(size,), initializer="ones", name="eigenvalues", **fixed
        )
        self._basis = self.add_weight(
            shape=(2 * size, 2 * size), initializer="identity", name="basis", **fixed
        )
        # Squared modulus of the eigenvectors' entries: from eigenvalues to variances.
        self._share = self.add_weight(
            shape=(size, size), initializer="identity", name="share", **fixed
        )
        self.built = True

    def adapt(self, h):
        """Take the covariance of channels h : [n, size], complex."""
        self.adapt_sums(self.sums(h))

    def sums(self, h) -> dict[str, np.ndarray]:
        """Return ``"count"`` and the sum of h h^H, ``"outer"`` : [size, size].

        It is packed by :func:`~commgen.generative.additive.pack_hermitian`.
        """
        h = np.asarray(h)
        outer = pack_hermitian(h.T @ h.conj())
        return {"count": np.array(float(len(h))), "outer": outer}

    def adapt_sums(self, total):
        """Take the covariance from :meth:`sums`, added over any sets of channels."""
        outer = unpack_hermitian(total["outer"])
        # NumPy divides complex numbers by real ones with another rounding.
        count = np.asarray(total["count"]).astype(outer.dtype)
        eigenvalues, U = np.linalg.eigh(outer / count)
        floor = _RELATIVE_FLOOR * eigenvalues.max()
        self._eigenvalues.assign(np.maximum(eigenvalues, floor))
        self._basis.assign(real_matrix(U.conj()))
        self._share.assign((np.abs(U) ** 2).T)

    @property
    def power(self) -> float:
        """Mean power of an entry, over the channels that :meth:`adapt` saw."""
        return float(np.mean(np.asarray(self._eigenvalues)))

    def scale_in(self, y, no):
        """Whiten y : [b, 2 size]; no : [b]."""
        s, n = self._pairs(no)
        return ((y @ self._basis) / ops.sqrt(s + n)) @ ops.transpose(self._basis)

    def scale_out(self, f, no):
        """Colour f : [b, 2 size] as the error of the LMMSE estimate is."""
        s, n = self._pairs(no)
        return ((f @ self._basis) * ops.sqrt(s * n / (s + n))) @ ops.transpose(
            self._basis
        )

    def err_var(self, no):
        """Return the error variance of the LMMSE estimate, [b, size]."""
        s, n = self._eigenvalues[None], no[:, None]
        return (s * n / (s + n)) @ self._share

    def _pairs(self, no):
        return ops.repeat(self._eigenvalues, 2)[None], no[:, None]

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "size": self.size}
