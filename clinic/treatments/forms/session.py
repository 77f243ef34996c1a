"""What is typed and tapped in a session, and what is added to a signed one."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from clinic.catalog.values import Modality
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.treatments import points
from clinic.treatments.delivery import (
    ANAESTHESIA_NAMES,
    ANTISEPSIS_NAMES,
    DEVICE_NAMES,
    GUIDANCE_NAMES,
    TECHNIQUE_NAMES,
    Anaesthesia,
    Antisepsis,
    Device,
    Guidance,
    Technique,
)
from clinic.treatments.forms.lots import LotRows
from clinic.treatments.rules import limits, outside, volumes
from clinic.treatments.rules.proposing import NextPoint
from clinic.treatments.values import (
    AbortSession,
    AddAddendum,
    AllTheSame,
    Breach,
    Content,
    LotAmount,
    Page,
    SaveSession,
    SignSession,
    Site,
)
from clinic.web.formats import ltr
from clinic.web.forms import (
    REQUIRED,
    AmountField,
    ChoiceField,
    DateField,
    EnumField,
    FormKeyField,
    NoteField,
    TextField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import translate, words_of

WHICH_ZONE = N_("Choose the zone")
TOO_MANY = N_("That would be more than %(most)s points")
WHY = N_("Write why the session is broken off")


UNJUDGED = frozenset(
    {
        *("version", "prepared", "note", "reason", "password"),
        *("each", "depth", "gauge", "needle", "technique", "device", "per_zone"),
        *("add_zone", "add_count", "soft_limits_accepted", "unusual_seen"),
        *("outside_seen", "outside_given", "outside_reason"),
    }
)
"""Fields that no limit looks at: words, the next point, and the ticks themselves."""


class PointsField(Field):
    """The points of the map and the table, in JSON; see `clinic.treatments.points`."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the points; what was sent stays in raw_data."""
        self.data = None
        try:
            self.data = points.loads(str(valuelist[0]) if valuelist else "")
        except Invalid as bad:
            raise ValueError(words_of(bad)) from bad

    def sites(self) -> tuple[Site, ...]:
        """Return the points, none when they could not be read."""
        found: tuple[Site, ...] = self.data or ()
        return found

    def put(self, sites: Iterable[Site]) -> None:
        """Take other points than were sent."""
        self.data, self.raw_data = tuple(sites), None

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else points.dumps(self.sites())


class AnaesthesiaField(SelectMultipleField):
    """Any of what makes injections hurt less, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        choices = [
            SelectChoice(one.value, translate(ANAESTHESIA_NAMES[one])) for one in Anaesthesia
        ]
        super().__init__(label, choices=choices, **kwargs)

    def said(self) -> tuple[Anaesthesia, ...]:
        """Return what was ticked, in the order of the list."""
        return tuple(one for one in Anaesthesia if one.value in (self.data or ()))


class SessionForm(LotRows, AskingForm):
    """Everything that is written into a session, and what the next point gets."""

    version = VersionField()
    prepared = VersionField(optional=True)
    points = PointsField()
    weight = AmountField(
        N_("Weight"),
        optional=True,
        least=limits.WEIGHT.hard.least,
        most=limits.WEIGHT.hard.most,
        unit="kg",
    )
    weight_on = DateField(N_("Weighed on"), optional=True)
    guidance = EnumField(
        N_("Guidance by a picture"), Guidance, GUIDANCE_NAMES, optional=True, blank=N_("Not noted")
    )
    anaesthesia = AnaesthesiaField(N_("Anaesthesia"))
    antisepsis = EnumField(
        N_("Antisepsis"), Antisepsis, ANTISEPSIS_NAMES, optional=True, blank=N_("Not noted")
    )
    spacing = AmountField(
        N_("Spacing of the points"),
        optional=True,
        least=limits.SPACING.hard.least,
        most=limits.SPACING.hard.most,
        unit="mm",
    )
    pain = WholeField(
        N_("Pain, 0 to 10"),
        optional=True,
        least=limits.PAIN.hard.least,
        most=limits.PAIN.hard.most,
    )
    note = NoteField(N_("Session note"), optional=True, max_length=4000)
    each = AmountField(N_("Volume per point"), optional=True, most=500, unit="mL")
    depth = AmountField(N_("Depth"), optional=True, most=13_000, unit="mm")
    gauge = ChoiceField(N_("Needle"), optional=True)
    needle = AmountField(
        N_("Needle length"),
        optional=True,
        least=limits.NEEDLE.hard.least,
        most=limits.NEEDLE.hard.most,
        unit="mm",
    )
    technique = EnumField(
        N_("Technique"), Technique, TECHNIQUE_NAMES, optional=True, blank=N_("Not noted")
    )
    device = EnumField(N_("Device"), Device, DEVICE_NAMES, optional=True, blank=N_("Not noted"))
    per_zone = WholeField(
        N_("Points per zone"), optional=True, least=1, most=limits.POINTS.hard.most
    )
    add_zone = ChoiceField(N_("Zone"), optional=True)
    add_count = WholeField(N_("Points"), optional=True, least=1, most=limits.POINTS.hard.most)
    soft_limits_accepted = BooleanField(N_("I have checked the unusual values: they are right"))
    unusual_seen = HiddenField()
    reason = TextField(N_("Why it is broken off"), optional=True, max_length=300)
    outside_seen = HiddenField()
    outside_given = BooleanField(N_("This was given all the same"))
    outside_reason = TextField(N_("Why it was given all the same"), optional=True, max_length=300)

    def __init__(self, formdata: Any = None, **given_data: Any) -> None:
        super().__init__(formdata, **given_data)
        self.gauge.offer((n, ltr(f"{n} G")) for n in range(limits.GAUGE.hard.least, 35))
        self.add_zone.offer(
            ((zone.value, translate(name)) for zone, name in ZONE_NAMES.items()),
            blank=translate(N_("Choose")),
        )

    def is_asking(self) -> bool:
        """A draft asks for no password; the signature does."""
        return False

    def fit(self, modality: Modality, today: dt.date) -> None:
        """Take the limits of the modality."""
        injection = limits.INJECTION[modality]
        for amount, limit in ((self.each, injection.each), (self.depth, injection.depth)):
            amount.least, amount.most = limit.hard.least, limit.hard.most
        self.weight_on.latest = lambda: today

    def fill(self, content: Content, proposed: Iterable[int], next_point: NextPoint) -> None:
        """Show what is written, and proposals where nothing was written yet."""
        data = {
            "weight": content.weight_g,
            "weight_on": content.weight_on,
            "guidance": content.guidance,
            "anaesthesia": [one.value for one in content.anaesthesia],
            "antisepsis": content.antisepsis,
            "spacing": content.spacing_um,
            "pain": content.pain,
            "note": content.note,
            "soft_limits_accepted": content.soft_limits_accepted,
            "each": next_point.volume_ul,
            "depth": next_point.depth_um,
            "gauge": str(next_point.needle_gauge),
            "needle": next_point.needle_um,
            "technique": next_point.technique,
            "device": next_point.device,
        }
        for name, value in data.items():
            self[name].data = value
        self.points.put(content.sites)
        lots = content.lots or [LotAmount(lot_id=lot_id) for lot_id in proposed]
        self.fill_lots(lots, content.mixed_at)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also look at the lots together."""
        return super().validate(extra_validators) & self.check_lots()

    def add_points(self) -> bool:
        """Add a row of points without places, as typed below the table; False when it cannot be."""
        if not self.add_zone.data:
            self.refuse("add_zone", WHICH_ZONE)
            return False
        for name in ("each", "depth", "gauge"):
            if not self[name].data:
                self.refuse(name, REQUIRED)
                return False
        sites, count = self.points.sites(), self.add_count.data or 1
        if volumes.count(sites) + count > limits.POINTS.hard.most:
            self.refuse("add_count", translate(TOO_MANY, most=limits.POINTS.hard.most))
            return False
        last = max((site.seq for site in sites), default=0)
        if last == points.LAST_NUMBER:
            self.refuse("add_count", points.UNREADABLE)
            return False
        site = Site(
            seq=last + 1,
            zone=Zone(self.add_zone.data),
            points=count,
            volume_ul=given(self.each.data) * count,
            depth_um=given(self.depth.data),
            needle_gauge=int(self.gauge.data),
            needle_um=self.needle.data,
            technique=self.technique.member(),
            device=self.device.member(),
        )
        self.points.put((*sites, site))
        return True

    def remove_point(self, number: str) -> None:
        """Take the row of this number away; the others keep theirs."""
        self.points.put(site for site in self.points.sites() if str(site.seq) != number)

    def content(self) -> Content:
        """Return what was written, after validate()."""
        return Content(
            weight_g=self.weight.data,
            weight_on=self.weight_on.data,
            mixed_at=self.instant(self.mixed.data),
            anaesthesia=self.anaesthesia.said(),
            antisepsis=self.antisepsis.member(),
            guidance=self.guidance.member(),
            spacing_um=self.spacing.data,
            pain=self.pain.data,
            note=self.note.text(),
            lots=self.lot_amounts(),
            sites=self.points.sites(),
            soft_limits_accepted=bool(self.soft_limits_accepted.data),
        )

    def draft(self, session_id: int, page: Page) -> SaveSession:
        """Return what to keep."""
        return SaveSession(
            session_id=session_id,
            version=given(self.version.data),
            content=self.content(),
            page=page,
            unusual_seen=str(self.unusual_seen.data or ""),
        )

    def signature(self, session_id: int, page: Page) -> SignSession:
        """Return what to sign."""
        return SignSession(
            session_id=session_id,
            version=given(self.version.data),
            content=self.content(),
            page=page,
            prepared_version=self.seen_of_blood(),
            unusual_seen=str(self.unusual_seen.data or ""),
            given=self.all_the_same(),
        )

    def abortion(self, session_id: int, page: Page) -> AbortSession:
        """Return what to break off."""
        return AbortSession(
            session_id=session_id,
            version=given(self.version.data),
            content=self.content(),
            reason=self.reason.text(),
            page=page,
            prepared_version=self.seen_of_blood(),
            given=self.all_the_same(),
        )

    def ask_outside(self, seen: str) -> None:
        """Ask about what is outside of the limits; a tick for anything else is taken away."""
        if self.outside_seen.data != seen:
            self.outside_given.data = False
        self.outside_seen.data, self.outside_seen.raw_data = seen, None

    def ask_unusual(self, unusual: Sequence[Breach]) -> None:
        """Ask about unusual values; a tick that was set under others is taken away."""
        if not outside.is_seen(unusual, str(self.unusual_seen.data or "")):
            self.soft_limits_accepted.data = False
        self.unusual_seen.data, self.unusual_seen.raw_data = outside.seen(unusual), None

    def take_typed(self, typed: Any) -> None:
        """Show words that were typed and not kept: nobody judged them, so no tick stands for them.

        A tick that was kept stays when what it stands for was not touched.
        """
        kept = self._judged()
        self.process(typed)
        if self._judged() != kept:
            self.soft_limits_accepted.data = self.outside_given.data = False

    def _judged(self) -> dict[str, str]:
        return {name: str(value or "") for name, value in self.data.items() if name not in UNJUDGED}

    def all_the_same(self) -> AllTheSame | None:
        """Return what was ticked as given although it is outside of the limits."""
        if not self.outside_given.data:
            return None
        return AllTheSame(seen=str(self.outside_seen.data or ""), reason=self.outside_reason.text())

    def seen_of_blood(self) -> int:
        """Return the version of blood and PRP that the page showed; 0: it showed none."""
        return self.prepared.data or 0


class SignatureForm(SessionForm):
    """The same, sent to be signed or broken off: it asks for the password."""

    def is_asking(self) -> bool:
        """It locks the session in somebody's name."""
        return True


class AddendumForm(AskingForm):
    """Words added to a signed session."""

    form_key = FormKeyField()
    body = NoteField(N_("What is to be added"), max_length=4000)
    why = TextField(N_("Why it is added"), max_length=300)

    def wish(self, session_id: int) -> AddAddendum:
        """Return what to add."""
        return AddAddendum(
            session_id=session_id,
            body=self.body.text(),
            reason=self.why.text(),
            form_key=self.form_key.data,
        )
