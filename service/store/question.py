"""A question to the rows whose right answer is nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """An invariant: ``count`` counts the things looked at, ``broken`` returns one fact a row."""

    invariant: str
    count: str
    broken: str
