"""One recording while it is written: data, checksum, captures, annotations."""

import hashlib
import os
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from commgen import __version__
from commgen._files.whole import write_json
from commgen.sdr.radios.sample_types import SampleType
from commgen.sdr.radios.sigmf_meta import DATA, META, NUM_SAMPLES, VERSION

_CHECKPOINTS = 64  # writes that can be taken back when the disk is full
_SPARE = 1 << 16  # bytes left free for what the file system itself needs


class SigMFPiece:
    """A ``.sigmf-data`` that grows, and the ``.sigmf-meta`` that describes it.

    Parameters
    ----------
    base
        Name of both files without suffix; older ones are replaced.
    sample_type
        How samples are stored.
    told
        Entries of ``global`` beside type, version, checksum and length.
    """

    def __init__(self, base: Path, sample_type: SampleType, told: dict[str, Any]):
        self.base = base
        self.data = base.with_name(base.name + DATA)
        self.meta = base.with_name(base.name + META)
        self.num_samples = 0
        self._type = sample_type
        self._told = told
        self._captures: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._digest = hashlib.sha512()
        self._before: deque[tuple[int, Any]] = deque(maxlen=_CHECKPOINTS)
        self._changed = True
        self.meta.unlink(missing_ok=True)  # it would describe other data
        self._file = self.data.open("wb", buffering=0)

    def begin_capture(self, global_index: int, **more: Any) -> None:
        """Say that what is written next follows a gap, or another setting."""
        last = self._captures[-1] if self._captures else None
        if last is not None and last["core:sample_start"] == self.num_samples:
            self._captures.pop()
        start = {"core:sample_start": self.num_samples}
        self._captures.append({**start, "core:global_index": global_index, **more})
        self._changed = True

    def write(self, samples: np.ndarray) -> None:
        """Write samples [n]; on a full disk the file may hold a part of them."""
        data = self._type.encode(samples)
        self._before.append((self.num_samples, self._digest.copy()))
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._digest.update(data)
        self.num_samples += len(samples)
        self._changed = True

    def annotate(self, global_index: int, count: int, **more: Any) -> bool:
        """Describe samples by their place in the stream; False if none is here."""
        for capture in reversed(self._captures):
            start = capture["core:sample_start"]
            start += global_index - capture["core:global_index"]
            if global_index >= capture["core:global_index"]:
                break
        else:
            return False
        count = min(count, self.num_samples - start)
        if count <= 0:
            return False
        told = {"core:sample_start": start, "core:sample_count": count, **more}
        self._annotations.append(told)
        self._changed = True
        return True

    def save(self) -> None:
        """Write the metadata of what is there, where something has changed."""
        if self._changed:
            write_json(self.meta, self._metadata(), indent=None)
            self._changed = False

    def close(self) -> None:
        """End the data; the metadata are saved apart, since they may come later."""
        self._file.close()

    def keep_what_fits(self) -> None:
        """Make room for the metadata on a full disk: drop the last samples."""
        need = 2 * len(str(self._metadata())) + _SPARE
        each = self._type.size
        target = max(os.path.getsize(self.data) - need, 0) // each
        while self._before:
            self.num_samples, self._digest = self._before.pop()
            if self.num_samples <= target:
                break
        self._file.truncate(self.num_samples * each)
        here = self.num_samples
        self._captures = [
            one for one in self._captures if one["core:sample_start"] < max(here, 1)
        ]
        self._annotations = [
            one
            for one in self._annotations
            if one["core:sample_start"] + one["core:sample_count"] <= here
        ]
        self._changed = True
        self.close()
        self.save()

    def _metadata(self) -> dict[str, Any]:
        told = {
            "core:datatype": self._type.name,
            "core:version": VERSION,
            "core:num_channels": 1,
            "core:recorder": f"commgen {__version__}",
            "core:sha512": self._digest.hexdigest(),
            "core:extensions": [
                {"name": "commgen", "version": __version__, "optional": True}
            ],
            NUM_SAMPLES: self.num_samples,
            **self._told,
        }
        order = sorted(self._annotations, key=lambda one: one["core:sample_start"])
        return {"global": told, "captures": self._captures, "annotations": order}
