r"""Models that travel with the package.

``receiver.onnx`` is what these commands make, of channels over TDL-A to -E::

    commgen datasets make examples/radio_channels.yaml -n 16000 --seed 20261130 \
        -o slots.h5
    commgen datasets make examples/radio_channels.yaml -n 1000 --seed 2 -o other.h5
    commgen train slots.h5 --family neural-receiver --seed 1 --num-epochs 4 \
        --output receiver
    commgen export receiver --int8 other.h5 --output receiver.onnx

See docs/export.md.
"""

from pathlib import Path

#: The receiver of the radio frame, in int8.
RECEIVER = Path(__file__).with_name("receiver.onnx")
