"""The live run: frames through a radio and a receiver, counted, shown and drawn."""
