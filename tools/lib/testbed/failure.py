"""Failures that a person can act on."""


class Failure(Exception):
    """Something in the world is not as needed. The text says what is wrong and what to do about it."""
