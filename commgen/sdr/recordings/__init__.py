"""What others sent, read from raw recordings: LTE cells, 802.11 packets, Mode S."""
