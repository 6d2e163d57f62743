"""The sample types of recordings, as SigMF 1.2 names them, to complex64 and back."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SampleType:
    """How a complex sample lies in a file.

    Attributes
    ----------
    name
        SigMF's name, such as "ci16_le".
    number
        NumPy's type of one of its two numbers.
    offset, scale
        A number ``q`` of the file means ``(q - offset) / scale``, so that full scale is
        an amplitude of 1.
    """

    name: str
    number: str
    offset: float = 0.0
    scale: float = 1.0

    @property
    def size(self) -> int:
        """Bytes of a complex sample."""
        return 2 * np.dtype(self.number).itemsize

    def decode(self, data: bytes) -> np.ndarray:
        """Return the complex64 samples [n] of whole samples in a file."""
        numbers = np.frombuffer(data, self.number).astype(np.float32)
        if self.offset:
            numbers -= np.float32(self.offset)
        if self.scale != 1:
            numbers /= np.float32(self.scale)
        return numbers.view(np.complex64)

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the bytes of complex samples [n]; integers are rounded and clipped."""
        numbers = np.ascontiguousarray(samples, np.complex64).view(np.float32)
        if self.name.startswith("cf"):
            return numbers.astype(self.number).tobytes()
        limits = np.iinfo(self.number)
        numbers = np.rint(numbers * self.scale + self.offset)
        return np.clip(numbers, limits.min, limits.max).astype(self.number).tobytes()


# An unsigned converter has its zero between two codes: 127.5, as RTL-SDR drivers take.
SAMPLE_TYPES = {
    kind.name: kind
    for kind in (
        SampleType("cf32_le", "<f4"),
        SampleType("ci16_le", "<i2", scale=2.0**15),
        SampleType("ci8", "i1", scale=2.0**7),
        SampleType("cu8", "u1", offset=127.5, scale=127.5),
    )
}
