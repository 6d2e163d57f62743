"""Keras and TensorFlow with their types left out: what they infer is often wrong."""

from typing import Any

import keras as _keras
import tensorflow as _tf

keras: Any = _keras
layers: Any = _keras.layers
ops: Any = _keras.ops
tf: Any = _tf
