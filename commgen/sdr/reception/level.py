"""The mean level of what comes in, which radios do not know."""

import numpy as np

from commgen._checks import check_int


class LevelControl:
    """Running mean of the power of frames, in the order in which they come.

    Estimators and models expect channels of unit mean power that fade from frame to
    frame. So it is the mean over many frames that is brought to one, not each frame.

    Parameters
    ----------
    memory
        Frames that the mean is over; fewer at the beginning.
    """

    def __init__(self, memory: int = 256):
        self.memory = check_int("memory", memory, low=1)
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self._num, self._mean = 0, 0.0

    def update(self, powers: np.ndarray) -> np.ndarray:
        """Return the mean up to each frame, itself included.

        Parameters
        ----------
        powers : [n], float
            Signal power of the next frames.

        Returns
        -------
        [n], float64
        """
        means = np.empty(len(powers))
        for i, power in enumerate(np.asarray(powers, float).tolist()):
            self._num = min(self._num + 1, self.memory)
            self._mean += (power - self._mean) / self._num
            means[i] = self._mean
        return means
