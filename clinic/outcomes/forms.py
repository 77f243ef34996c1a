"""What is asked about photographs: how they were taken, what they are for, why one goes."""

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from wtforms import BooleanField, MultipleFileField

from clinic.consents.values import Scope
from clinic.core.text import N_
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.intake.forms.fields import OneOfField
from clinic.outcomes import rules
from clinic.outcomes.values import (
    HAIR_NAMES,
    LIGHT_NAMES,
    PARTING_NAMES,
    USE_NAMES,
    VIEW_NAMES,
    ChangePhotograph,
    Conditions,
    Described,
    Hair,
    Light,
    Parting,
    PhotographView,
    RemovePhotograph,
    Shot,
)
from clinic.web.forms import (
    BaseForm,
    DateField,
    EnumField,
    FormKeyField,
    IdField,
    TextField,
    TimeField,
    VersionField,
    WholeField,
    given,
    required,
)

E = TypeVar("E", bound=StrEnum)
EARLIEST = dt.date(1990, 1, 1)


def _one_of(label: str, names: Mapping[Any, str]) -> OneOfField:
    options = [(str(member), name) for member, name in names.items()]
    return OneOfField(label, options, validators=[required()])


class DescriptionForm(BaseForm):
    """What is said of one or several pictures of one view."""

    view = EnumField(N_("View of the head"), PhotographView, VIEW_NAMES)
    zone = EnumField(N_("Zone"), Zone, ZONE_NAMES, optional=True, blank=N_("Choose…"))
    hair = _one_of(N_("Hair"), HAIR_NAMES)
    parting = _one_of(N_("Parting"), PARTING_NAMES)
    light = _one_of(N_("Lighting"), LIGHT_NAMES)
    distance_cm = WholeField(
        N_("Distance"), least=rules.DISTANCE[0], most=rules.DISTANCE[1], optional=True
    )
    magnification = WholeField(
        N_("Magnification"),
        least=rules.MAGNIFICATION[0],
        most=rules.MAGNIFICATION[1],
        optional=True,
    )
    has_product = BooleanField(N_("Fibres, spray or gel in the hair"))
    is_fixed = BooleanField(N_("Chin and forehead rested"))
    taken_on = DateField(N_("Taken on"), earliest=EARLIEST)
    taken_time = TimeField(N_("Taken at"))
    for_teaching = BooleanField(N_("Teaching"))
    for_publication = BooleanField(N_("Publication"))

    def propose(self, conditions: Conditions | None, now_local: dt.datetime) -> None:
        """Fill in how the last picture was taken, and the present time."""
        self.taken_on.data, self.taken_time.data = now_local.date(), now_local.time()
        if conditions is not None:
            self._show(conditions)

    def show(self, shot: Shot, taken_local: dt.datetime) -> None:
        """Fill in what is said of a picture."""
        self.view.data = shot.view.value
        self.zone.data = shot.zone.value if shot.zone else ""
        self.taken_on.data, self.taken_time.data = taken_local.date(), taken_local.time()
        self.for_teaching.data = Scope.PHOTO_TEACHING in shot.uses
        self.for_publication.data = Scope.PHOTO_PUBLICATION in shot.uses
        self._show(shot.conditions)

    def _show(self, conditions: Conditions) -> None:
        self.hair.data = conditions.hair.value
        self.parting.data = conditions.parting.value
        self.light.data = conditions.light.value
        self.distance_cm.data = conditions.distance_cm
        self.magnification.data = conditions.magnification
        self.has_product.data = conditions.has_product
        self.is_fixed.data = conditions.is_fixed

    def described(self) -> Described:
        """Return what was said; only after it was found to be whole."""
        uses = {
            Scope.PHOTO_TEACHING: self.for_teaching.data,
            Scope.PHOTO_PUBLICATION: self.for_publication.data,
        }
        return Described(
            view=self.view.member(),
            zone=self.zone.member(),
            taken_local=dt.datetime.combine(given(self.taken_on.data), given(self.taken_time.data)),
            conditions=Conditions(
                hair=Hair(self.hair.data),
                parting=Parting(self.parting.data),
                light=Light(self.light.data),
                distance_cm=self.distance_cm.data,
                magnification=self.magnification.data,
                has_product=bool(self.has_product.data),
                is_fixed=bool(self.is_fixed.data),
            ),
            uses=frozenset(use for use, wanted in uses.items() if wanted),
        )


class PicturesForm(DescriptionForm):
    """New pictures of one view; the files themselves are judged by what they hold."""

    form_key = FormKeyField()
    appointment_id = IdField(optional=True)
    pictures = MultipleFileField(N_("Pictures"))


class ChangeForm(DescriptionForm):
    """Another description of one picture."""

    version = VersionField()

    def wish(self, patient_id: int, key: str) -> ChangePhotograph:
        """Build the command."""
        return ChangePhotograph(
            patient_id=patient_id,
            key=key,
            version=given(self.version.data),
            described=self.described(),
        )


class RemoveForm(BaseForm):
    """Why a picture goes."""

    reason = TextField(N_("Why is it removed?"), max_length=300)

    def wish(self, patient_id: int, key: str) -> RemovePhotograph:
        """Build the command."""
        return RemovePhotograph(patient_id=patient_id, key=key, reason=self.reason.text())


class CopyForm(BaseForm):
    """What a copy is for."""

    use = EnumField(N_("For"), Scope, USE_NAMES)


def chosen(among: Iterable[E], raw: str | None) -> E | None:
    """Return the member that an address names, None for anything else."""
    return next((member for member in among if member.value == raw), None)
