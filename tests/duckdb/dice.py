"""Random choices that are the same on every machine and for every version of Python.

Only `random.random()` is promised to give the same numbers for a seed for ever, so everything is made of it.
"""

import random


class Dice:
    """A sequence of choices that follows from a seed."""

    def __init__(self, seed):
        self.source = random.Random(seed)

    def below(self, end):
        """A whole number from 0, less than `end`."""
        return int(self.source.random() * end)

    def between(self, first, last):
        """A whole number, both ends among them."""
        return first + self.below(last - first + 1)

    def chance(self, probability):
        """Whether something with that probability happens."""
        return self.source.random() < probability

    def one_of(self, values):
        """One of a list."""
        return values[self.below(len(values))]

    def weighted(self, pairs):
        """One of `(value, weight)`."""
        at = self.source.random() * sum(weight for _, weight in pairs)
        for value, weight in pairs:
            at -= weight
            if at < 0:
                return value
        return pairs[-1][0]

    def hexadecimal(self, n_digits):
        """Digits of a made-up id."""
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(n_digits))

    def uuid(self):
        """Looks like a version 4 UUID."""
        h = self.hexadecimal(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def shuffled(self, values):
        """The values in another order."""
        values = list(values)
        for idx in range(len(values) - 1, 0, -1):
            other = self.below(idx + 1)
            values[idx], values[other] = values[other], values[idx]
        return values
