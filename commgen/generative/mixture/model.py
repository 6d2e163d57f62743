"""What a Gaussian mixture answers, once it has its weights and covariances."""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import logsumexp

from commgen._checks import check_finite, check_int
from commgen._memory import check_memory
from commgen.generative._untyped import ops, tf
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.condition import Conditioning
from commgen.generative.mixture import em, infer as mixture_infer
from commgen.generative.mixture.covariance import mixture_covariance
from commgen.generative.mixture.filter import mixture_moments, mixture_samples
from commgen.generative.mixture.gate import gate_log_weights
from commgen.generative.mixture.one import gaussian_of
from commgen.generative.model import (
    Posterior,
    Prior,
    check_channels,
    check_condition,
    check_num_samples,
)
from commgen.generative.observation import check_observation

_RANK = 24
# Arrays of the size of the result that are held while it is drawn.
_COPIES = 4


class MixtureModel(Prior):
    r"""Mixture of zero-mean complex Gaussians: density, samples, estimates.

    Parameters
    ----------
    event_shape, num_components, covariance, rank, num_conditions, name
        As :class:`~commgen.generative.GaussianMixture`, which fits it.
    """

    def __init__(
        self,
        event_shape,
        num_components,
        covariance="full",
        *,
        rank=None,
        num_conditions=0,
        name=None,
    ):
        super().__init__(event_shape, num_conditions, name=name)
        if covariance not in em.COVARIANCES:
            raise ValueError(
                f"covariance must be of {em.COVARIANCES}, got {covariance!r}."
            )
        self.num_components = check_int("num_components", num_components, low=1)
        self.covariance = covariance
        size = int(np.prod(self.event_shape))
        self.rank = size
        if covariance == "low-rank":
            rank = min(_RANK, size) if rank is None else rank
            self.rank = check_int("rank", rank, low=1, high=size)
        elif rank is not None:
            raise ValueError(
                f"rank must be None where covariance is {covariance!r}, got {rank!r}."
            )
        self._add_weights(size)
        self.built = True

    def _add_weights(self, size):
        K, rank = self.num_components, self.rank
        check_memory("num_components", K, (_COPIES, K, size, rank), np.complex64)
        U = 1 if self.covariance == "circulant" else K
        add = partial(self.add_weight, trainable=False, initializer="zeros")
        self._log_weights = add(shape=(K,), name="log_weights")
        self._eigenvalues = add(shape=(K, rank), name="eigenvalues")
        self._eigenvectors = add(shape=(U, size, rank, 2), name="eigenvectors")
        self._remainder = self._spectra = self._gate = None
        if self.covariance == "low-rank":
            self._remainder = add(shape=(K,), name="remainder")
        points = size * 2 ** len(self.event_shape)
        if self.covariance == "toeplitz":
            self._spectra = add(shape=(K, points), name="spectra")
        if self.num_conditions:
            self._gate = add(shape=(self.num_conditions + 1, K), name="gate")
            self.conditioning = Conditioning(self.num_conditions)
        # Before it is fitted each component is CN(0, I).
        vectors = np.broadcast_to(np.eye(size, rank), (U, size, rank))
        flat = np.full((K, points), size / points)
        log_weights = np.full(K, -np.log(K))
        self._assign(
            em.Mixture(log_weights, np.ones((K, rank)), vectors, np.ones(K), flat)
        )

    def _assign(self, mixture):
        vectors = mixture.eigenvectors
        self._log_weights.assign(mixture.log_weights)
        self._eigenvalues.assign(mixture.eigenvalues)
        self._eigenvectors.assign(np.stack([vectors.real, vectors.imag], axis=-1))
        if self._remainder is not None:
            self._remainder.assign(mixture.remainder)
        if self._spectra is not None:
            self._spectra.assign(mixture.spectra)
        if self._gate is not None:
            self._gate.assign(np.zeros(self._gate.shape))

    def adapt_sums(self, total):
        """Take the covariance of the one component from sums over channels.

        Parameters
        ----------
        total
            As :func:`~commgen.generative.mixture.one.gaussian_of` takes it.
        """
        structure = em.Structure(
            self.covariance, self.event_shape, strength=0.0, rank=self.rank
        )
        self._assign(gaussian_of(total, structure))

    @property
    def mixture(self):
        """:class:`~commgen.generative.mixture.em.Mixture` : weights and covariances."""
        vectors = _double(self._eigenvectors)
        rest, spectra = self._remainder, self._spectra
        return em.Mixture(
            _double(self._log_weights),
            _double(self._eigenvalues),
            vectors[..., 0] + 1j * vectors[..., 1],
            None if rest is None else _double(rest),
            None if spectra is None else _double(spectra),
        )

    def denoise(self, y, no):
        """As :meth:`Prior.denoise`; exact under the mixture."""
        shape = tf.shape(y)
        y = tf.reshape(tf.cast(y, tf.complex64), (-1, self._eigenvectors.shape[1]))
        no = tf.broadcast_to(tf.cast(no, tf.float32), shape[:1])
        re, im, err_var = mixture_infer.denoise(
            self._tensors(), tf.math.real(y), tf.math.imag(y), no
        )
        return tf.reshape(tf.complex(re, im), shape), tf.reshape(err_var, shape)

    def estimate(self, re, im, no):
        """Do :meth:`denoise` on parts, with the mean of err_var only: far faster.

        Parameters
        ----------
        re, im : [batch, size], tf.float32
            Real and imaginary part of y, flattened.
        no : [batch], tf.float32
            Noise variance.

        Returns
        -------
        re, im : [batch, size], tf.float32
            Parts of the posterior mean.
        err_var : [batch], tf.float32
            Posterior variance, mean over the entries.
        """
        return mixture_infer.estimate(self._tensors(), re, im, no)

    def _tensors(self):
        weights = (
            None if w is None else tf.convert_to_tensor(w)
            for w in (
                self._log_weights,
                self._eigenvalues,
                self._eigenvectors,
                self._remainder,
            )
        )
        return mixture_infer.MixtureWeights(*weights)

    def log_prob(self, h, condition=None):
        """Return the log-density of channels in nats.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Channels.
        condition : [n, num_conditions] or [num_conditions], float, or None
            Their circumstances; None for the density without any.

        Returns
        -------
        [n], float
        """
        h = check_channels("h", h, self.event_shape).reshape(len(h), -1)
        condition = check_condition(condition, len(h), self.num_conditions)
        log_joint = self.mixture.log_joint(h)
        if condition is not None:
            log_joint += self.weights_under(condition) - self.mixture.log_weights
        return logsumexp(log_joint, axis=1)

    def weights_under(self, condition):
        """Return log w_k(c), [n, num_components], of conditions [n, num_conditions]."""
        standard = np.asarray(self.conditioning(condition), np.float64)
        return gate_log_weights(np.asarray(self._gate, np.float64), standard)

    def sample(self, n, condition=None, *, seed):
        """As :meth:`GenerativeModel.sample`; without a condition, from all weights."""
        check_int("n", n, low=1)
        check_memory("n", n, (_COPIES, n, *self.event_shape), np.complex128)
        condition = check_condition(condition, n, self.num_conditions)
        rng = np.random.default_rng(seed)
        mixture = self.mixture
        if condition is None:
            weights = np.exp(mixture.log_weights - logsumexp(mixture.log_weights))
            k = rng.choice(len(weights), size=n, p=weights)
        else:
            # The greatest of the log-weights with Gumbel noise is a draw from them.
            noisy = self.weights_under(condition)
            k = np.argmax(noisy + rng.gumbel(size=noisy.shape), axis=1)
        size, rank = mixture.eigenvectors.shape[1:]
        z = rng.normal(size=(n, rank)) + 1j * rng.normal(size=(n, rank))
        rest = np.zeros(len(mixture.log_weights))
        if rank < size and mixture.remainder is not None:
            rest = mixture.remainder
        z *= np.sqrt((mixture.eigenvalues[k] - rest[k, None]).clip(min=0) / 2)
        h = np.empty((n, size), np.complex64)
        for j in np.unique(k):
            U = mixture.eigenvectors[min(j, len(mixture.eigenvectors) - 1)]
            h[k == j] = z[k == j] @ U.T
        if rank < size:
            white = rng.normal(size=(n, size)) + 1j * rng.normal(size=(n, size))
            h += white * np.sqrt(rest[k, None] / 2)
        check_finite("h of the model", h)
        return h.reshape(n, *self.event_shape)

    def posterior(
        self,
        y,
        A=None,
        noise_cov: Any = 1.0,
        *,
        condition=None,
        num_samples: int | None = None,
        num_steps: int | None = None,
        seed: int = 0,
    ):
        r"""Exact posterior under y = A h + n.

        .. math:: p(k\,|\,y) \propto w_k(c)\,
            \mathcal{CN}(y; 0, A R_k A^\mathsf{H} + \Sigma), \quad
            E[h\,|\,y,k] = R_k A^\mathsf{H}(A R_k A^\mathsf{H}+\Sigma)^{-1} y

        Parameters and result are those of :meth:`Prior.posterior`; draws are exact and
        independent. A condition c changes the weights alone, as in :meth:`sample`.
        """
        y, A, no = self._observed(y, A, noise_cov)
        num_samples = check_num_samples(num_samples, (len(y), *self.event_shape))
        weights = self._weights_of(condition, len(y))
        shape = (len(y), *self.event_shape)
        if A is None and weights is None:
            mean, err_var = ChunkedDenoiser(self, graph="none")(y, no)
        else:
            mean, err_var = mixture_moments(self.mixture, y, A, no, weights)
        samples = None
        if num_samples:
            samples = mixture_samples(
                self.mixture, y, A, no, num_samples, seed, weights
            )
            samples = samples.reshape(num_samples, *shape)
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            err_var.reshape(shape).astype(np.float32),
            samples,
        )

    def error_covariance(
        self, y, A=None, noise_cov: Any = 1.0, *, condition=None
    ) -> np.ndarray:
        """Return the covariance of the error of :meth:`posterior`'s mean, exactly.

        Parameters
        ----------
        y, A, noise_cov, condition
            As of :meth:`posterior`.

        Returns
        -------
        [batch, size, size], complex64
            Cov[h | y] of the flattened channel, E[e e^H] for a column e.

        Raises
        ------
        ValueError
            If the observation is invalid, or the result does not fit into memory.
        """
        y, A, no = self._observed(y, A, noise_cov)
        size = int(np.prod(self.event_shape))
        check_memory("y", len(y), (_COPIES, len(y), size, size), np.complex128)
        weights = self._weights_of(condition, len(y))
        found = mixture_covariance(self.mixture, y, A, no, weights)
        return found.astype(np.complex64)

    def _weights_of(self, condition, n):
        """Return log-weights [n, num_components] of a condition, None without one."""
        condition = check_condition(condition, n, self.num_conditions)
        return None if condition is None else self.weights_under(condition)

    def _observed(self, y, A, noise_cov):
        """Check an observation, and return one of white noise that tells the same."""
        y, A, no, cov = check_observation(y, A, noise_cov, self.event_shape)
        if cov is not None:
            L = np.linalg.cholesky(cov)
            A = np.linalg.inv(L) if A is None else np.linalg.solve(L, A)
            y, no = np.linalg.solve(L, y.T).T, np.ones(len(y))
        return y, A, no

    def get_config(self):
        """Return the arguments of the constructor."""
        config = {
            **super().get_config(),
            "num_components": self.num_components,
            "covariance": self.covariance,
        }
        if self.covariance == "low-rank":
            config["rank"] = self.rank
        return config


def _double(weight) -> np.ndarray:
    return ops.convert_to_numpy(weight).astype(np.float64)
