"""The receiver, from pure functions to a socket with a real database behind it."""
