"""What a service may hold, and what a new clinic offers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clinic.catalog.after_values import FOLLOW_UP_DAYS
from clinic.catalog.values import (
    CENTRIFUGE,
    GRID_MIN,
    LONGEST_MIN,
    Bar,
    CoursePattern,
    Modality,
    ResourceKind,
    Segment,
)
from clinic.core.text import N_

OFF_GRID = N_("In steps of five minutes, please")
TOO_SHORT = N_("A part takes at least five minutes")
TOO_LONG = N_("A visit is at most 8 hours long")
SAME_TWICE = N_("Part %(n)s holds the same at the same time")
NO_PRACTITIONER = N_("Add a part of the practitioner: the visit stands in their column")
NO_ROOM = N_("Add a part of the room: the patient must be somewhere")
NO_BEGINNING = N_("One part must begin at minute 0: that is when the patient comes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that a new clinic begins with."""

    code: str
    name: str
    modality: Modality
    duration_min: int
    course: CoursePattern
    course_source: str
    """Keys of clinical.md; the numbers themselves are design defaults."""
    segments: tuple[Segment, ...]


def _segments(*parts: tuple[ResourceKind, int, int]) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            seq=seq,
            kind=kind,
            device_type=CENTRIFUGE if kind is ResourceKind.DEVICE else "",
            offset_min=begins,
            length_min=ends - begins,
        )
        for seq, (kind, begins, ends) in enumerate(parts, 1)
    )


class Mistake(NamedTuple):
    """What is wrong with the parts of a service: in which part, at what of it, and the sentence."""

    seq: int
    """0: with all of them together."""
    at: str
    """`what`, `from` or `length`."""
    sentence: str
    values: dict[str, int]


def duration_min(parts: Iterable[Segment]) -> int:
    """Return the minutes from the beginning of a visit to the end of its last part."""
    return max((part.offset_min + part.length_min for part in parts), default=0)


def mistakes(parts: Sequence[Segment]) -> list[Mistake]:
    """Return what stands against the parts of a service, in their order."""
    found: list[Mistake] = []
    for number, part in enumerate(parts):
        if part.offset_min % GRID_MIN:
            found.append(Mistake(part.seq, "from", OFF_GRID, {}))
        if part.length_min < GRID_MIN:
            found.append(Mistake(part.seq, "length", TOO_SHORT, {}))
        elif part.length_min % GRID_MIN:
            found.append(Mistake(part.seq, "length", OFF_GRID, {}))
        if part.offset_min + part.length_min > LONGEST_MIN:
            found.append(Mistake(part.seq, "length", TOO_LONG, {}))
        twin = next((other for other in parts[:number] if _meet(part, other)), None)
        if twin is not None:
            found.append(Mistake(part.seq, "from", SAME_TWICE, {"n": twin.seq}))
    kinds = {part.kind for part in parts}
    if ResourceKind.PRACTITIONER not in kinds:
        found.append(Mistake(0, "", NO_PRACTITIONER, {}))
    if ResourceKind.ROOM not in kinds:
        found.append(Mistake(0, "", NO_ROOM, {}))
    if parts and not any(part.offset_min == 0 for part in parts):
        found.append(Mistake(parts[0].seq, "from", NO_BEGINNING, {}))
    return found


def bars(parts: Sequence[Segment]) -> tuple[Bar, ...]:
    """Return the parts as a picture shows them, the first to begin on top."""
    ordered = sorted(parts, key=lambda part: (part.offset_min, part.seq))
    return tuple(
        Bar(
            kind=part.kind,
            device_type=part.device_type,
            begins=part.offset_min,
            ends=part.offset_min + part.length_min,
        )
        for part in ordered
    )


def _meet(one: Segment, other: Segment) -> bool:
    is_same = (one.kind, one.device_type) == (other.kind, other.device_type)
    begins = max(one.offset_min, other.offset_min)
    ends = min(one.offset_min + one.length_min, other.offset_min + other.length_min)
    return is_same and begins < ends


DEFAULT_OFFERS = (
    Offer(
        code="prp",
        name="PRP",
        modality=Modality.PRP,
        duration_min=65,
        course=CoursePattern(
            sessions=3, interval_days=28, tolerance_days=7, least_days=14, booster_days=182
        ),
        course_source="YEP, AGG, LEG",
        segments=_segments(
            (ResourceKind.ROOM, 0, 65),
            (ResourceKind.NURSE, 0, 10),
            (ResourceKind.DEVICE, 10, 30),
            (ResourceKind.PRACTITIONER, 30, 55),
        ),
    ),
    Offer(
        code="mesotherapy",
        name="Mesotherapy",
        modality=Modality.MESOTHERAPY,
        duration_min=30,
        course=CoursePattern(sessions=8, interval_days=7, tolerance_days=2, least_days=6),
        course_source="MOF, UZEL",
        segments=_segments((ResourceKind.ROOM, 0, 30), (ResourceKind.PRACTITIONER, 5, 25)),
    ),
    Offer(
        code="consultation",
        name="Consultation",
        modality=Modality.CONSULTATION,
        duration_min=30,
        course=CoursePattern(sessions=1, interval_days=28, tolerance_days=7, least_days=1),
        course_source="",
        segments=_segments((ResourceKind.ROOM, 0, 30), (ResourceKind.PRACTITIONER, 0, 30)),
    ),
)
"""PRP: three sessions every four weeks and one after half a year [YEP, AGG], never within a
fortnight [LEG]; mesotherapy: weekly, eight times [MOF], never within six days [UZEL]. Design
defaults, tolerances among them."""


def shipped_with(code: str, course: CoursePattern) -> str:
    """Return the sources of a course that is as it was shipped, empty for the clinic's own."""
    return next(
        (o.course_source for o in DEFAULT_OFFERS if (o.code, o.course) == (code, course)), ""
    )


def follow_up_days(modality: Modality, own: Sequence[int] | None) -> tuple[int, ...]:
    """Return the days after a session on which somebody calls: a service's own, else the usual."""
    return FOLLOW_UP_DAYS[modality] if own is None else tuple(own)
