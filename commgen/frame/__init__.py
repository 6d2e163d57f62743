"""What the simulator and a radio host share of a frame, in NumPy."""
