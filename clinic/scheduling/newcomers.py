"""Registering somebody without leaving the booking: four fields, and who looks alike."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict
from clinic.patients import finding
from clinic.patients import rules as patient_rules
from clinic.patients.forms import RegisterForm
from clinic.patients.service import LooksAlike
from clinic.patients.values import PatientHit, RegisterPatient

PREFIX = "new-"
"""Before the names of the fields: they stand in the form of a booking."""
KEY_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """The fields of somebody new within a booking, and who on file looks alike."""

    form: RegisterForm
    alike: Sequence[PatientHit] = ()
    status: int = 200
    is_ready: bool = False
    """Whether what was typed is to be registered."""
    seen: str = ""
    """Who was shown as alike, as the page's button sends it."""

    def wish(self) -> RegisterPatient:
        """Build the command of fields that are ready."""
        return self.form.wish(seen=self.seen)

    def refused(self, why: Conflict) -> "Newcomer":
        """Return the fields with the refusal: who is alike, or words and another one-time key."""
        if isinstance(why, LooksAlike):
            return replace(self, alike=why.hits, status=409)
        self.form.refuse("", why)
        self.form.form_key.data = secrets.token_urlsafe(KEY_BYTES)
        return replace(self, status=409)


def asked(
    db: Session, actor: Actor, sent: Mapping[str, Any], typed: str, surroundings: Mapping[str, Any]
) -> Newcomer:
    """Return what a button of the fields asks for: to begin them, to look who is alike, to save."""
    pressed = sent.get("register")
    if pressed == "open":
        return Newcomer(form=_begun(actor, typed, surroundings))
    form = RegisterForm(sent, prefix=PREFIX, **surroundings)
    if pressed == "look":
        return Newcomer(form=form, alike=_alike(db, actor, form))
    is_good = form.validate()
    return Newcomer(
        form=form, status=200 if is_good else 422, is_ready=is_good, seen=sent.get("seen", "")
    )


def _begun(actor: Actor, typed: str, surroundings: Mapping[str, Any]) -> RegisterForm:
    guess = patient_rules.guess_of(typed, today=clock.today(actor.zone))
    form = RegisterForm(
        **surroundings,
        prefix=PREFIX,
        family_name=guess.family_name,
        given_name=guess.given_name,
        birth_date=guess.birth_date,
        form_key=secrets.token_urlsafe(KEY_BYTES),
    )
    if guess.phone:
        form.phone.raw_data = [guess.phone]
    return form


def _alike(db: Session, actor: Actor, form: RegisterForm) -> list[PatientHit]:
    typed = form.identity()
    return finding.look_alikes(
        db,
        location_id=actor.location_id,
        family_name=typed["family_name"],
        given_name=typed["given_name"],
        birth_date=typed["birth_date"],
        phone=typed["phone"],
    )
