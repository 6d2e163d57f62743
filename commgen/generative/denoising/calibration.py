"""A correction that depends on the noise level."""

import numpy as np

from commgen.generative._untyped import keras, layers, tf

SNR_GRID_DB = np.arange(-30.0, 41.0, 5.0)


@keras.saving.register_keras_serializable("commgen")
class SnrTable(layers.Layer):
    """Table over ``SNR_GRID_DB``, linear in dB between its entries, flat beyond."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table = self.add_weight(
            shape=(len(SNR_GRID_DB),),
            name="table",
            initializer="zeros",
            trainable=False,
        )
        self.built = True

    def call(self, no):
        """Return the entries at noise variances no : [batch], float."""
        step, last = SNR_GRID_DB[1] - SNR_GRID_DB[0], len(SNR_GRID_DB) - 1
        snr_db = -10 / np.log(10) * tf.math.log(no)
        position = tf.clip_by_value((snr_db - SNR_GRID_DB[0]) / step, 0, last)
        left = tf.minimum(tf.floor(position), last - 1)
        table = tf.convert_to_tensor(self.table)
        at_left = tf.gather(table, tf.cast(left, tf.int32))
        at_right = tf.gather(table, tf.cast(left, tf.int32) + 1)
        return at_left + (position - left) * (at_right - at_left)
