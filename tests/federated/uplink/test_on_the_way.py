"""A packed answer in Flower's records, and on the way to a warm worker."""

import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.records import answer_record, read_answer
from commgen.federated.sending_config import UplinkConfig
from commgen.federated.server.checked import num_bytes
from commgen.federated.tasks import Answer, Task
from commgen.federated.uplink.uplink import Uplink


def test_a_message_is_as_small_as_it_is_packed():
    rng = np.random.default_rng(0)
    sent = {"weights/a": rng.normal(size=(200, 200)).astype(np.float32)}
    own = {k: v + rng.normal(size=v.shape).astype(v.dtype) for k, v in sent.items()}
    task, uplink = Task("train", 1, sent), Uplink(UplinkConfig(keep=0.1))
    packed, _ = uplink.pack(task, Answer(own, 5, {"loss": 1.0}), {})
    record = answer_record(packed)
    # 1.325 bits an entry, and the header of an .npy file.
    assert num_bytes(record) <= 200 * 200 * 1.325 / 8 + 250
    read = read_answer(record)
    arrived = uplink.unpack(task, read)
    there = uplink.unpack(task, packed)
    assert (arrived.arrays["weights/a"] == there.arrays["weights/a"]).all()
    assert arrived.num_examples == 5
