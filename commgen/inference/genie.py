"""The estimator that knows each channel's covariance, a bound for all others."""

import numpy as np
from scipy.linalg import toeplitz


class GenieEstimator:
    """LMMSE with each channel's own covariance.

    Parameters
    ----------
    covariance : [n, num_rx_ant], complex
        First column of the Toeplitz covariance of each channel.
    covariance_tx : [n, num_tx_ant], complex, or None
        That of the transmit antennas, where the covariance is the Kronecker product.
    """

    def __init__(self, covariance: np.ndarray, covariance_tx: np.ndarray | None = None):
        self._covariance = covariance
        tx = np.ones((len(covariance), 1)) if covariance_tx is None else covariance_tx
        self._covariance_tx = tx

    def __call__(
        self, y: np.ndarray, no: float, rows: slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """Estimate the channels ``rows`` from ``y = h + n``.

        Parameters
        ----------
        y : [len(rows), num_rx_ant] or [len(rows), num_rx_ant, num_tx_ant], complex
            Observations.
        no
            Noise variance.
        rows
            Which of the channels they are of.

        Returns
        -------
        h_hat, err_var
            Shaped as ``y``.
        """
        lam, U = np.linalg.eigh(_toeplitz(self._covariance[rows]))
        mu, V = np.linalg.eigh(_toeplitz(self._covariance_tx[rows]))
        power = lam[:, :, None] * mu[:, None, :]
        gain = power / (power + no)
        z = np.conj(np.swapaxes(U, 1, 2)) @ y.reshape(len(y), *power.shape[1:])
        h_hat = U @ (gain * (z @ np.conj(V))) @ np.swapaxes(V, 1, 2)
        err_var = np.abs(U) ** 2 @ (no * gain) @ np.swapaxes(np.abs(V) ** 2, 1, 2)
        return h_hat.reshape(y.shape), err_var.reshape(y.shape)


def _toeplitz(column: np.ndarray) -> np.ndarray:
    return np.stack([toeplitz(r, r.conj()) for r in column])
