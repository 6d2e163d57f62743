"""What users make of precoded symbols: linear receivers, symbols free of bias."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reception:
    r"""Linear receivers of all users, each against what the others are sent.

    With what a user receives of its own streams, :math:`G_k = H_k W_k`, and the
    covariance :math:`J_k` of interference and noise, the filter of least squared error
    is :math:`G_k^H (G_k G_k^H + J_k)^{-1}`; of stream s it leaves a share
    :math:`\beta_s` of the symbol, and an SINR of :math:`\beta_s / (1 - \beta_s)`. One
    antenna divides by its channel.

    Parameters
    ----------
    filters : [batch, num_users, num_streams, num_rx_ant], complex
        To symbols without bias.
    sinr : [batch, num_users, num_streams], float
        After the filter; its inverse is the variance of what is left on the symbols.
    """

    filters: np.ndarray
    sinr: np.ndarray

    @classmethod
    def of(cls, heard: np.ndarray, no: float) -> "Reception":
        """Make the receivers of channels that the users know.

        Parameters
        ----------
        heard : [batch, num_users, num_rx_ant, num_users, num_streams], complex
            What each user's antennas receive of each user's streams, as of
            :func:`effective_channels`; zero of those who are sent nothing.
        no
            Noise variance at a receive antenna.
        """
        users = np.arange(heard.shape[1])
        own = np.moveaxis(heard[:, users, :, users], 0, 1)
        every = heard.reshape(*heard.shape[:3], -1)
        total = every @ _adjoint(every) + no * np.eye(heard.shape[2])
        filters = np.swapaxes(np.linalg.solve(total, own), -1, -2).conj()
        share = np.einsum("buri,buir->bur", filters, own).real
        # Rounding must not take it to one.
        share = np.clip(share, 0, 1 - 1e-12)
        unbiased = filters / np.maximum(share, 1e-30)[..., None]
        return cls(unbiased, share / (1 - share))

    def symbols(self, y: np.ndarray) -> np.ndarray:
        """Return the symbols of all streams.

        Parameters
        ----------
        y : [batch, num_users, num_rx_ant, num_symbols], complex
            What the antennas receive.

        Returns
        -------
        [batch, num_users, num_streams, num_symbols], complex
        """
        return self.filters @ y

    @property
    def no_eff(self) -> np.ndarray:
        """Variance of what is left on the symbols; infinite where nothing arrives."""
        quiet = self.sinr <= 0
        return np.where(quiet, np.inf, 1 / np.where(quiet, 1.0, self.sinr))


def effective_channels(h: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return what each user receives of each user's streams.

    Parameters
    ----------
    h : [..., num_users, num_rx_ant, num_tx_ant], complex
        Channels.
    w : [..., num_users, num_tx_ant, num_streams], complex
        Weights; leading axes are broadcast.

    Returns
    -------
    [..., num_users, num_rx_ant, num_users, num_streams], complex
    """
    return np.einsum("...urt,...vts->...urvs", h, w, optimize=True)


def _adjoint(x):
    return np.swapaxes(x.conj(), -1, -2)
