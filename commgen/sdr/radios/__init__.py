"""Where samples come from and go to: files, other processes, radios; one interface."""
