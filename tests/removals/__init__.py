"""Random histories in which things leave the books, and others only seem to."""
