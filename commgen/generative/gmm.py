"""Complex Gaussian mixture: EM, closed-form posterior, MMSE estimator."""

from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, softmax

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.generative import em
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.model import (
    GenerativeModel,
    Posterior,
    check_channels,
    check_condition,
    check_observation,
)

COVARIANCES = ("full", "circulant")
_CHUNK = 256


@keras.saving.register_keras_serializable("commgen")
class GaussianMixture(GenerativeModel):
    r"""Mixture of zero-mean complex Gaussians and its exact MMSE estimator.

    .. math:: p(h) = \sum_k w_k\,\mathcal{CN}(h; 0, R_k)

    The phase of a channel is uniform, so the means are zero. Under
    :math:`y = h + n` the posterior is a mixture again and its mean is the estimator of
    Koller et al., *An Asymptotically MSE-Optimal Estimator Based on Gaussian Mixture
    Models*, IEEE Trans. Signal Process. 70 (2022), eqs. (8)-(10). One component with a
    full covariance is the LMMSE estimator of the sample covariance.

    Parameters
    ----------
    event_shape
        Shape of one channel, such as ``(64,)`` or ``(3, 2, 30)``.
    num_components
        Number of Gaussians.
    covariance
        ``"full"``, or ``"circulant"``: diagonal in the discrete Fourier domain of
        ``event_shape``, with far fewer parameters.
    name
        As in :class:`keras.Model`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(500, 4)) + 1j * rng.normal(size=(500, 4))
    >>> model = GaussianMixture((4,), 1).fit(h / 2**0.5, seed=0)
    >>> model.sample(3, seed=1).shape
    (3, 4)
    """

    def __init__(self, event_shape, num_components, covariance="full", *, name=None):
        super().__init__(event_shape, name=name)
        if covariance not in COVARIANCES:
            raise ValueError(
                f"covariance must be of {COVARIANCES}, got {covariance!r}."
            )
        self.num_components = check_int("num_components", num_components, low=1)
        self.covariance = covariance
        size = int(np.prod(self.event_shape))
        K, U = self.num_components, self.num_components
        if covariance == "circulant":
            U = 1
        weight = {"trainable": False, "initializer": "zeros"}
        self._log_weights = self.add_weight(shape=(K,), name="log_weights", **weight)
        self._eigenvalues = self.add_weight(
            shape=(K, size), name="eigenvalues", trainable=False, initializer="ones"
        )
        self._eigenvectors = self.add_weight(
            shape=(U, size, size, 2), name="eigenvectors", **weight
        )
        # Before it is fitted each component is CN(0, I).
        vectors = np.broadcast_to(np.eye(size), (U, size, size))
        self._assign(em.Mixture(np.full(K, -np.log(K)), np.ones((K, size)), vectors))
        self.built = True

    def fit(
        self,
        data,
        condition=None,
        *,
        seed,
        max_iterations=60,
        tolerance=0.02,
        strength=None,
        progress=False,
    ):
        """Fit by expectation-maximisation.

        Parameters
        ----------
        data : [n, *event_shape], complex
            Channels of about unit mean power, at least as many as components.
        condition
            None: the mixture is unconditional.
        seed
            Seed of the first clustering.
        max_iterations
            Most steps of EM.
        tolerance
            EM ends when the mean log-likelihood of a channel rises by less [nats].
        strength
            Weight, in channels, of the circulant part in a full covariance; twice the
            entries of a channel where None, and 0 for one component: there it is
            the sample covariance itself.
        progress
            Show a progress bar.

        Returns
        -------
        GaussianMixture
            This model.

        Raises
        ------
        ValueError
            If the channels do not fit :func:`~commgen.generative.check_channels`, or
            there are fewer of them than components.
        """
        check_condition(condition)
        h = check_channels("data", data, self.event_shape).reshape(len(data), -1)
        if len(h) < self.num_components:
            raise ValueError(
                f"data must hold at least {self.num_components} channels, one for each "
                f"component, got {len(h)}."
            )
        check_int("max_iterations", max_iterations, low=1)
        if strength is not None and not 0 <= strength < np.inf:
            raise ValueError(f"strength must be finite and at least 0, got {strength}.")
        if strength is None:
            strength = 0.0 if self.num_components == 1 else 2.0 * h.shape[1]
        fourier = em.fourier_vectors(self.event_shape)
        options = {"circulant": self.covariance == "circulant", "strength": strength}
        r = em.initial_responsibilities(h, self.num_components, fourier, seed)
        mixture = em.maximisation(h, r, fourier, **options)
        total = max_iterations if self.num_components > 1 else 0
        last = -np.inf
        with progress_bar("fitting GMM", total, unit="steps", enabled=progress) as go:
            for _ in range(total):
                r, log_p = em.expectation(mixture, h)
                mixture = em.maximisation(h, r, fourier, **options)
                go(1, note=f"log-likelihood {log_p:.2f}")
                if log_p - last < tolerance:
                    break
                last = log_p
        self._assign(mixture)
        return self

    def _assign(self, mixture):
        vectors = mixture.eigenvectors
        self._log_weights.assign(mixture.log_weights)
        self._eigenvalues.assign(mixture.eigenvalues)
        self._eigenvectors.assign(np.stack([vectors.real, vectors.imag], axis=-1))

    @property
    def mixture(self):
        """:class:`~commgen.generative.em.Mixture` : weights and covariances."""
        vectors = ops.convert_to_numpy(self._eigenvectors).astype(np.float64)
        return em.Mixture(
            ops.convert_to_numpy(self._log_weights).astype(np.float64),
            ops.convert_to_numpy(self._eigenvalues).astype(np.float64),
            vectors[..., 0] + 1j * vectors[..., 1],
        )

    def denoise(self, y, no):
        """As :meth:`GenerativeModel.denoise`; exact under the mixture."""
        shape = tf.shape(y)
        y = tf.reshape(tf.cast(y, tf.complex64), (-1, self._eigenvalues.shape[1]))
        no = tf.broadcast_to(tf.cast(no, tf.float32), shape[:1])
        p, gain, coefficients = self._infer(tf.math.real(y), tf.math.imag(y), no)
        U, (c_re, c_im) = self._vectors(), coefficients
        h_k = (
            _each(U[..., 0], c_re) - _each(U[..., 1], c_im),
            _each(U[..., 0], c_im) + _each(U[..., 1], c_re),
        )
        h_hat = [tf.reduce_sum(p * part, axis=1) for part in h_k]
        # The variance of each component, and that of their means around the mean.
        within = p * gain * no[:, None, None]
        err_var = _total(tf.reduce_sum(self._vectors() ** 2, axis=-1), within)
        for part, mean in zip(h_k, h_hat, strict=True):
            err_var += tf.reduce_sum(p * (part - mean[:, None]) ** 2, axis=1)
        h_hat = tf.complex(*h_hat)
        return tf.reshape(h_hat, shape), tf.reshape(err_var, shape)

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
        p, gain, (c_re, c_im) = self._infer(re, im, no)
        U = self._vectors()
        h_re = _total(U[..., 0], p * c_re) - _total(U[..., 1], p * c_im)
        h_im = _total(U[..., 0], p * c_im) + _total(U[..., 1], p * c_re)
        # The eigenvectors are unitary: the mean over entries needs no combination.
        second = p * (gain * no[:, None, None] + c_re**2 + c_im**2)
        first = tf.reduce_mean(h_re**2 + h_im**2, axis=1)
        err_var = tf.reduce_sum(second, axis=(1, 2)) / re.shape[1] - first
        # The difference of two powers, which must not vanish by rounding.
        floor = tf.reduce_mean(tf.reduce_sum(p * gain, axis=1), axis=1) * no
        return h_re, h_im, tf.maximum(err_var, floor)

    def _infer(self, re, im, no):
        """Return responsibilities, Wiener gains and coefficients of each component."""
        U = self._vectors()
        size, num = U.shape[1], U.shape[0]
        columns = tf.reshape(tf.transpose(U, (1, 3, 0, 2)), (size, -1))
        # Complex products as real ones of matrices, which TensorFlow does far faster.
        a, b = (tf.reshape(part @ columns, (-1, 2, num, size)) for part in (re, im))
        z_re, z_im = a[:, 0] + b[:, 1], b[:, 0] - a[:, 1]
        s, no = tf.convert_to_tensor(self._eigenvalues)[None], no[:, None, None]
        log_joint = tf.convert_to_tensor(self._log_weights)[None] - tf.reduce_sum(
            tf.math.log(s + no) + (z_re**2 + z_im**2) / (s + no), axis=-1
        )
        gain = s / (s + no)
        return tf.nn.softmax(log_joint)[..., None], gain, (gain * z_re, gain * z_im)

    def _vectors(self):
        return tf.convert_to_tensor(self._eigenvectors)

    def log_prob(self, h):
        """Return the log-density of channels [n, *event_shape], [n], in nats."""
        h = check_channels("h", h, self.event_shape).reshape(len(h), -1)
        return logsumexp(self.mixture.log_joint(h), axis=1)

    def sample(self, n, condition=None, *, seed):
        """As :meth:`GenerativeModel.sample`."""
        check_condition(condition)
        check_int("n", n, low=1)
        rng = np.random.default_rng(seed)
        mixture = self.mixture
        weights = np.exp(mixture.log_weights - logsumexp(mixture.log_weights))
        k = rng.choice(len(weights), size=n, p=weights)
        size = mixture.eigenvalues.shape[1]
        z = rng.normal(size=(n, size)) + 1j * rng.normal(size=(n, size))
        z *= np.sqrt(mixture.eigenvalues[k] / 2)
        h = np.empty((n, size), np.complex64)
        for j in np.unique(k):
            U = mixture.eigenvectors[min(j, len(mixture.eigenvectors) - 1)]
            h[k == j] = z[k == j] @ U.T
        return h.reshape(n, *self.event_shape)

    def posterior(self, y, A=None, noise_cov: Any = 1.0):
        r"""Exact posterior mean and variance under y = A h + n.

        .. math:: p(k\,|\,y) \propto w_k\,
            \mathcal{CN}(y; 0, A R_k A^\mathsf{H} + \Sigma), \quad
            E[h\,|\,y,k] = R_k A^\mathsf{H}(A R_k A^\mathsf{H}+\Sigma)^{-1} y

        Parameters
        ----------
        y, A, noise_cov
            As :func:`~commgen.generative.model.check_observation`.

        Returns
        -------
        Posterior
            Without samples.
        """
        y, A, no, cov = check_observation(y, A, noise_cov, self.event_shape)
        if A is None and cov is None:
            return self._posterior_white(y, no)
        A = np.eye(y.shape[1]) if A is None else A
        if cov is not None:
            return self._posterior(y, A, cov)
        mean = np.empty((len(y), *self.event_shape), np.complex64)
        err_var = np.empty(mean.shape, np.float32)
        for level in np.unique(np.asarray(no)):
            rows = no == level
            part = self._posterior(y[rows], A, level * np.eye(len(A)))
            mean[rows], err_var[rows] = part.mean, part.err_var
        return Posterior(mean, err_var)

    def _posterior_white(self, y, no):
        y = y.reshape(-1, *self.event_shape).astype(np.complex64)
        no = no.astype(np.float32)
        parts = [
            self.denoise(y[i : i + _CHUNK], no[i : i + _CHUNK])
            for i in range(0, len(y), _CHUNK)
        ]
        mean, err_var = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Posterior(mean, err_var)

    def _posterior(self, y, A, cov):
        mixture = self.mixture
        log_joint, means, variances = [], [], []
        for k, s in enumerate(mixture.eigenvalues):
            U = mixture.eigenvectors[min(k, len(mixture.eigenvectors) - 1)]
            AU = A @ U
            factor = cho_factor((AU * s) @ AU.conj().T + cov, lower=True)
            W = cho_solve(factor, AU * s).conj().T  # gain in the basis U
            solved = cho_solve(factor, y.T)
            log_det = 2 * np.sum(np.log(np.diag(factor[0]).real))
            distance = np.sum((y.conj() * solved.T).real, axis=1)
            log_joint.append(mixture.log_weights[k] - log_det - distance)
            means.append((U @ (W @ y.T)).T)
            C = (U * s) @ U.conj().T - U @ W @ (AU * s) @ U.conj().T
            variances.append(np.maximum(np.diag(C).real, 0))
        p = softmax(np.stack(log_joint), axis=0)[..., None]
        means = np.stack(means)
        mean = np.sum(p * means, axis=0)
        spread = np.abs(means - mean) ** 2
        err_var = np.sum(p * (np.stack(variances)[:, None] + spread), axis=0)
        shape = (len(y), *self.event_shape)
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            err_var.reshape(shape).astype(np.float32),
        )

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "num_components": self.num_components,
            "covariance": self.covariance,
        }


def _each(U, c):
    """Map real coefficients c [b, k, m] by a basis U [k or 1, n, m] to [b, k, n]."""
    if U.shape[0] == 1:
        return tf.einsum("nm,bkm->bkn", U[0], c)
    return tf.einsum("knm,bkm->bkn", U, c)


def _total(U, c):
    """Sum of :func:`_each` over k, [b, n], as one product of matrices."""
    if U.shape[0] == 1:
        c = tf.reduce_sum(c, axis=1, keepdims=True)
    rows = tf.reshape(tf.transpose(U, (0, 2, 1)), (-1, U.shape[1]))
    return tf.reshape(c, (-1, rows.shape[0])) @ rows
