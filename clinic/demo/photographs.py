"""Photographs of the demo's patients: drawn, of nobody, before and after a course."""

import datetime as dt
import math
import random
from collections.abc import Mapping
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from clinic.consents import queries as consent_queries
from clinic.consents import service as consents
from clinic.consents.values import ConsentKind, RecordConsent, Scope
from clinic.core import clock, walltime
from clinic.core.zones import Zone
from clinic.demo.people import Face
from clinic.demo.stage import Stage
from clinic.outcomes import pictures, service
from clinic.outcomes.files import Size, Store
from clinic.outcomes.values import (
    Conditions,
    Described,
    Hair,
    KeepPhotograph,
    Light,
    Parting,
    PhotographView,
)
from clinic.patients.models import Patient
from clinic.patients.values import full_name

_WIDE, _HIGH = 1200, 900
_GROUND, _SKIN, _SKIN_EDGE = (74, 84, 92), (214, 178, 152), (186, 146, 120)
_HAIR = ((58, 42, 32), (74, 54, 40), (44, 33, 27))
_VIEWS = (PhotographView.FRONT, PhotographView.VERTEX, PhotographView.MIDLINE)
_TREATED = ((32, 63, 7), (35, 72, 16))
"""Whose: their place among the faces, days ago before the course, days ago after it."""
_BEGUN = ((0, 8), (1, 8))
"""Who has only the first pictures: their place among the faces, and days ago."""


def plan(
    stage: Stage, ids: Mapping[str, int], faces: list[Face], store: Store, *, today: dt.date
) -> None:
    """Plan the signed papers and the pictures, each at its own day."""
    for place, before, after in _TREATED:
        phone, is_first = faces[place].phone, place == _TREATED[0][0]
        for days, density in ((before, 0.45), (after, 0.8)):
            light = Light.RING if is_first or days == before else Light.DAYLIGHT

            def act(
                phone: str = phone,
                density: float = density,
                light: Light = light,
                is_new: bool = days == before,
            ) -> None:
                if is_new:
                    _agree(stage, ids[phone], Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING)
                _take(stage, store, ids[phone], density, light, is_close=True)

            stage.at(stage.instant(today - dt.timedelta(days=days), dt.time(8, 30)), act)
    for place, days in _BEGUN:
        phone = faces[place].phone

        def first(phone: str = phone) -> None:
            _agree(stage, ids[phone], Scope.PHOTO_RECORD)
            _take(stage, store, ids[phone], 0.5, Light.RING, is_close=False)

        stage.at(stage.instant(today - dt.timedelta(days=days), dt.time(16, 45)), first)


def _agree(stage: Stage, patient_id: int, *scopes: Scope) -> None:
    today = clock.today(stage.staff.location.zone)
    text = consent_queries.text_in_force(stage.db, ConsentKind.PHOTOGRAPHS, on=today)
    assert text is not None, "the clinic has its consent texts"
    patient = stage.db.get_one(Patient, patient_id)
    consents.record(
        stage.db,
        stage.staff.nurse,
        RecordConsent(
            patient_id=patient_id,
            kind=ConsentKind.PHOTOGRAPHS,
            text_version=text.version_name,
            given_on=today,
            language=patient.language,
            signer=full_name(patient.given_name, patient.family_name),
            photos=frozenset(scopes),
        ),
    )


def _take(
    stage: Stage, store: Store, patient_id: int, density: float, light: Light, *, is_close: bool
) -> None:
    taken = walltime.to_local(clock.now(), stage.staff.location.zone)
    views = (*_VIEWS, PhotographView.TRICHOSCOPY) if is_close else _VIEWS[:2]
    for view in views:
        close = view is PhotographView.TRICHOSCOPY
        made = pictures.redrawn(drawn(view, density, light, seed=patient_id))
        described = Described(
            view=view,
            zone=Zone.VERTEX if close else None,
            taken_local=taken,
            conditions=Conditions(
                hair=Hair.DRY,
                parting=Parting.CENTRE,
                light=Light.POLARISED if close else light,
                distance_cm=None if close else 40,
                magnification=20 if close else None,
                is_fixed=True,
            ),
            uses=frozenset({Scope.PHOTO_TEACHING}) if is_close else frozenset(),
        )
        wish = KeepPhotograph(
            patient_id=patient_id,
            appointment_id=None,
            described=described,
            storage_key=store.write({Size.SMALL: made.small, Size.FULL: made.full}),
            sha256=made.sha256,
            width=made.width,
            height=made.height,
            size=len(made.full) + len(made.small),
        )
        service.keep(stage.db, stage.staff.nurse, wish, most_bytes=store.most_bytes)


def drawn(view: PhotographView, density: float, light: Light, *, seed: int) -> bytes:
    """Return a drawing of a head that nobody has; more density is more hair."""
    dice = random.Random(f"{view}{seed}")  # noqa: S311 - a drawing, not a secret
    image = Image.new("RGB", (_WIDE, _HIGH), _GROUND)
    pen = ImageDraw.Draw(image)
    if view is PhotographView.TRICHOSCOPY:
        _close(pen, density, dice)
    elif view is PhotographView.FRONT:
        _front(pen, density, dice)
    else:
        _above(pen, density, dice, parted=view is PhotographView.MIDLINE)
    image = image.filter(ImageFilter.GaussianBlur(0.8))
    if light is Light.DAYLIGHT:
        image = image.point(lambda dot: min(255, int(dot * 1.18)))
    pen = ImageDraw.Draw(image)
    pen.text(
        (24, _HIGH - 40),
        "Drawing, no real person",
        fill="white",
        font_size=22,
        stroke_width=2,
        stroke_fill="black",
    )
    file = BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


def _strand(pen: ImageDraw.ImageDraw, x: float, y: float, turn: float, dice: random.Random) -> None:
    length = dice.uniform(26, 52)
    points = [(x, y)]
    for _ in range(3):
        turn += dice.uniform(-0.18, 0.18)
        x, y = x + math.cos(turn) * length / 3, y + math.sin(turn) * length / 3
        points.append((x, y))
    pen.line(points, fill=dice.choice(_HAIR), width=dice.choice((2, 3, 3)), joint="curve")


def _above(pen: ImageDraw.ImageDraw, density: float, dice: random.Random, *, parted: bool) -> None:
    middle, centre, across, along = _WIDE / 2, _HIGH / 2, 330, 400
    box = (middle - across, centre - along, middle + across, centre + along)
    pen.ellipse(box, fill=_SKIN, outline=_SKIN_EDGE, width=6)
    crown = (middle + 18, centre + 90)
    for _ in range(3400):
        angle, far = dice.uniform(0, math.tau), math.sqrt(dice.random())
        x, y = middle + across * far * math.cos(angle), centre + along * far * math.sin(angle)
        if parted:
            bare = abs(x - middle) / 60
            turn = 0.25 if x > middle else math.pi - 0.25
        else:
            bare = math.hypot(x - crown[0], y - crown[1]) / 230
            turn = math.atan2(y - crown[1], x - crown[0]) + 0.7
        if dice.random() < min(1.0, density * 0.35 + bare * (0.4 + density * 0.6)):
            _strand(pen, x, y, turn, dice)


def _front(pen: ImageDraw.ImageDraw, density: float, dice: random.Random) -> None:
    middle = _WIDE / 2
    pen.ellipse((middle - 270, 110, middle + 270, 830), fill=_SKIN, outline=_SKIN_EDGE, width=6)
    line = 330 - 70 * density
    for _ in range(2600):
        x = dice.uniform(middle - 285, middle + 285)
        top = 470 - math.sqrt(max(0.0, 1 - ((x - middle) / 290) ** 2)) * 380
        bottom = line + abs(x - middle) * 0.35 - 60 * math.exp(-(((x - middle) / 70) ** 2))
        y = dice.uniform(top - 20, max(top, bottom))
        if dice.random() < 0.35 + density * 0.6:
            _strand(pen, x, y, math.pi / 2 + (x - middle) / 500, dice)


def _close(pen: ImageDraw.ImageDraw, density: float, dice: random.Random) -> None:
    pen.rectangle((0, 0, _WIDE, _HIGH), fill=_SKIN)
    for _ in range(int(70 + 110 * density)):
        x, y, turn = dice.uniform(0, _WIDE), dice.uniform(0, _HIGH), dice.uniform(-0.5, 0.5)
        pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill=_SKIN_EDGE)
        for hair in range(dice.choice((1, 2, 2, 3))):
            width = dice.choice((3, 6, 9) if density < 0.6 else (6, 9, 11))
            end = (x + math.cos(turn + hair * 0.2) * 210, y + math.sin(turn + hair * 0.2) * 210)
            pen.line(((x, y), end), fill=dice.choice(_HAIR), width=width)
