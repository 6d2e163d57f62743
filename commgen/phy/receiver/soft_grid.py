"""What is known of all that was sent in a slot: pilots, and symbols with doubt."""

from typing import Any

import numpy as np


class SoftGrid:
    """Place pilots and soft symbols on the grid of each stream.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.

    Attributes
    ----------
    pilots : [num_streams, num_ofdm_symbols, num_effective_subcarriers], complex64
        What is known beforehand; zero where a stream sends data or nothing.
    data_ind : [num_streams, num_data_symbols], int
        Where each stream's data symbols are in its flat grid, in the mapper's order.
    """

    def __init__(self, resource_grid: Any):
        pattern = resource_grid.pilot_pattern
        mask = np.asarray(pattern.mask)[0].astype(bool)
        self.pilots = np.zeros(mask.shape, np.complex64)
        for stream, values in enumerate(np.asarray(pattern.pilots)[0]):
            self.pilots[stream][mask[stream]] = values
        self.data_ind = np.stack([np.flatnonzero(~m) for m in mask])
        self.subcarriers = np.asarray(resource_grid.effective_subcarrier_ind)

    def place(self, mean, var) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of what each stream sent.

        Parameters
        ----------
        mean, var : [batch, num_streams, num_data_symbols], complex and float
            Of the data symbols.

        Returns
        -------
        x_mean : [batch, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex64
        x_var : as ``x_mean``, float32
            Zero at the pilots.
        """  # noqa: E501
        x_mean = np.repeat(self.pilots[None], len(mean), axis=0)
        x_var = np.zeros(x_mean.shape, np.float32)
        flat = (len(mean), len(self.pilots), -1)
        for x, values in ((x_mean.reshape(flat), mean), (x_var.reshape(flat), var)):
            for stream, index in enumerate(self.data_ind):
                x[:, stream, index] = values[:, stream]
        return x_mean, x_var
