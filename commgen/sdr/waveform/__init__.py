"""Between frames and samples: the preamble, the transmitter, payloads."""
