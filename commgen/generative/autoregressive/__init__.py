"""One coefficient after the other, under an exact density."""
