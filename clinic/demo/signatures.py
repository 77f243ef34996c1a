"""Signatures of the demo's patients: a wave from the letters of a name, the same each time."""

import math
import random

from clinic.consents.rules import FIELD_HEIGHT, FIELD_WIDTH


def strokes(name: str) -> list[list[int]]:
    """Return a drawn signature: one stroke a word, and a line under it."""
    dice = random.Random(name)  # noqa: S311 - a drawing, not a secret
    words, left, found = name.split() or ["x"], 40, []
    wide = (FIELD_WIDTH - 80) // len(words)
    for word in words:
        tall, waves = dice.randint(25, 45), max(2, len(word) / 2)
        stroke: list[int] = []
        for step in range(12 * len(word)):
            part = step / (12 * len(word))
            rise = math.sin(part * waves * 2 * math.pi) * tall * (1 - 0.6 * part)
            lean = math.cos(part * waves * 2 * math.pi) * 14
            stroke += [int(left + part * (wide - 40) + lean), int(100 - rise + dice.randint(-2, 2))]
        found.append(
            [max(0, min(FIELD_HEIGHT if n % 2 else FIELD_WIDTH, v)) for n, v in enumerate(stroke)]
        )
        left += wide
    end = dice.randint(FIELD_WIDTH // 2, FIELD_WIDTH - 40)
    return [*found, [60, 165, end // 2, 158, end, 162]]
