"""The coded OFDM link."""
