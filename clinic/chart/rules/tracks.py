"""Standing side by side: which of several tracks of a column a visit takes where they overlap."""

from collections.abc import Sequence

MOST_TRACKS = 3


def tracks_of(
    spans: Sequence[tuple[int, int]], gone: Sequence[bool], over: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """Place visits side by side where they overlap; return how many at most, and (at, n, track).

    `spans` are first rows and rows, earliest first. What is `gone`, cancelled or missed, leaves
    room beside it while its time can still be booked; rows before `over` cannot.
    """
    placed: list[tuple[int, int, int]] = [(0, 0, 0)] * len(spans)
    most = 1
    group: list[int] = []
    until = -1

    def close() -> None:
        nonlocal most
        first = group[0]
        if len(group) == 1 and (not gone[first] or sum(spans[first]) <= over):
            placed[first] = (*spans[first], 0)
            return
        ends: list[int] = []
        for index in sorted(group, key=lambda i: (gone[i], spans[i][0])):
            at, n = spans[index]
            first = 1 if gone[index] else 0
            if first and not ends:
                ends.append(at)  # The first track stays for the time that is free again.
            track = next((t for t in range(first, len(ends)) if ends[t] <= at), len(ends))
            if track == len(ends):
                ends.append(0)
            ends[track] = max(ends[track], at + n)
            placed[index] = (at, n, min(track, MOST_TRACKS - 1) + 1)
        most = max(most, min(len(ends), MOST_TRACKS), 2)

    for index, (at, n) in enumerate(spans):
        if group and at >= until:
            close()
            group, until = [], -1
        group.append(index)
        until = max(until, at + n)
    if group:
        close()
    return most, placed
