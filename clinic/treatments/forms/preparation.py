"""What is typed and tapped about blood and PRP."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag

from clinic.catalog.values import UNUSABLE_WORDS, LotChoice
from clinic.core import walltime
from clinic.core.text import N_
from clinic.treatments.forms.lots import MOST_PIECES, NO_LOT_FOR_PIECES, CodesField
from clinic.treatments.preparation_values import (
    ACTIVATION_NAMES,
    ANTICOAGULANT_NAMES,
    BRAKE_NAMES,
    COUNT_KIND_NAMES,
    DRAW_SITE_NAMES,
    LAYER_NAMES,
    METHOD_NAMES,
    RICHNESS_NAMES,
    Act,
    Activation,
    Anticoagulant,
    Brake,
    CountKind,
    DrawSite,
    Kit,
    Layer,
    Method,
    Preparation,
    PresetCard,
    Richness,
    SavePreparation,
    Spin,
)
from clinic.treatments.rules import limits, preparing
from clinic.treatments.rules import preparation_limits as here
from clinic.treatments.values import Page
from clinic.web.formats import ltr
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    IdField,
    TextField,
    TimeField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.scanning import ScanField
from clinic.web.words import translate

SPINS, KITS = (1, 2), (1, 2)
SPIN = {
    "rcf": "rcf_g",
    "minutes": "minutes",
    "rpm": "rpm",
    "radius": "radius_mm",
    "temperature": "temperature_c",
    "brake": "brake",
}
"""{field of a spin: what it is called in a spin}, but its times."""
CHOOSE = N_("Choose")


def millilitres(label: str, hard: limits.Bound) -> AmountField:
    """Return the field of a volume with its hard limit."""
    return AmountField(label, optional=True, least=hard.least, most=hard.most, unit="mL")


def _cells(label: str, hard: limits.Bound, unit: str, hint: str = "") -> AmountField:
    return AmountField(
        label, optional=True, least=hard.least, most=hard.most, unit=unit, description=hint
    )


def whole(label: str, hard: limits.Bound) -> WholeField:
    """Return the field of a whole number with its hard limit."""
    return WholeField(label, optional=True, least=hard.least, most=hard.most)


def one_of(label: str, kind: Any, names: Any) -> EnumField:
    """Return the field of one of a few, or none yet."""
    return EnumField(label, kind, names, optional=True, blank=CHOOSE)


class PreparationForm(BaseForm):
    """The card of blood and PRP; `do` of the button says what else was done."""

    version = VersionField()
    scan = ScanField(N_("Scan the kit"), optional=True)
    codes = CodesField()
    preset = IdField(optional=True)
    reason = TextField(N_("Why a time was changed"), optional=True, max_length=200)
    method = one_of(N_("Method"), Method, METHOD_NAMES)
    tubes = WholeField(N_("Tubes"), optional=True, least=1, most=12)
    blood = millilitres(N_("Blood drawn"), limits.BLOOD.hard)
    draw_site = one_of(N_("Drawn from"), DrawSite, DRAW_SITE_NAMES)
    drawn_at = TimeField(N_("Drawn at"), optional=True)
    anticoagulant = one_of(N_("Anticoagulant"), Anticoagulant, ANTICOAGULANT_NAMES)
    anticoagulant_volume = millilitres(N_("Its volume"), limits.ANTICOAGULANT.hard)
    centrifuge = ChoiceField(N_("Centrifuge"), optional=True)
    layer = one_of(N_("Layer"), Layer, LAYER_NAMES)
    prp = millilitres(N_("PRP obtained"), limits.PRP.hard)
    obtained_at = TimeField(N_("Ready at"), optional=True)
    activation = one_of(N_("Activation"), Activation, ACTIVATION_NAMES)
    activator = millilitres(N_("Activator added"), here.ACTIVATOR_UL)
    activator_lot = ChoiceField(N_("Lot of the activator"), optional=True)
    leukocytes = one_of(N_("Leukocytes"), Richness, RICHNESS_NAMES)
    erythrocytes = one_of(N_("Red cells"), Richness, RICHNESS_NAMES)
    base_platelets = _cells(N_("Platelets"), here.BASE_PLATELETS.hard, "×10⁹/L")
    base_leukocytes = _cells(N_("Leukocytes"), here.LEUKOCYTES, "×10⁹/L")
    base_neutrophils = _cells(N_("Neutrophils"), here.LEUKOCYTES, "×10⁹/L")
    base_erythrocytes = _cells(N_("Red cells"), here.ERYTHROCYTES, "×10¹²/L")
    base_haemoglobin = _cells(
        N_("Haemoglobin"), here.HAEMOGLOBIN.hard, "g/dL", N_("140 g/L are 14 g/dL.")
    )
    base_kind = one_of(N_("How they are known"), CountKind, COUNT_KIND_NAMES)
    base_on = DateField(N_("Counted on"), optional=True)
    base_source = TextField(N_("Source"), optional=True, max_length=80)
    prp_platelets = _cells(N_("Platelets"), here.PRP_PLATELETS.hard, "×10⁹/L")
    prp_leukocytes = _cells(N_("Leukocytes"), here.LEUKOCYTES, "×10⁹/L")
    prp_neutrophils = _cells(N_("Neutrophils"), here.LEUKOCYTES, "×10⁹/L")
    prp_erythrocytes = _cells(N_("Red cells"), here.ERYTHROCYTES, "×10¹²/L")
    prp_kind = one_of(N_("How they are known"), CountKind, COUNT_KIND_NAMES)
    prp_on = DateField(N_("Counted on"), optional=True)
    prp_source = TextField(N_("Source"), optional=True, max_length=80)

    def fit(
        self,
        kits: Iterable[LotChoice],
        activators: Iterable[LotChoice],
        centrifuges: Iterable[tuple[int, str]],
        today: dt.date,
    ) -> None:
        """Take the lots and machines that can be chosen."""
        self.kits, self.today = tuple(kits), today
        offered = [_option(lot) for lot in self.kits]
        for field in self.kit_fields():
            field.choices = [SelectChoice("", translate(N_("None"))), *offered]
        self.activator_lot.choices = [
            SelectChoice("", translate(N_("None"))),
            *(_option(lot) for lot in activators),
        ]
        self.centrifuge.offer(centrifuges, blank=translate(CHOOSE))
        for day in (self.base_on, self.prp_on):
            day.latest = lambda: today

    def kit_fields(self) -> list[ChoiceField]:
        """Return the fields of the kits' lots."""
        return [cast("ChoiceField", self[f"kit_{n}"]) for n in KITS]

    def kit_rows(self) -> list[tuple[ChoiceField, WholeField]]:
        """Return the lots of the kits, each with how many of it were used."""
        pieces = [cast("WholeField", self[f"pieces_{n}"]) for n in KITS]
        return list(zip(self.kit_fields(), pieces, strict=True))

    def validate(self, extra_validators: Any = None) -> bool:
        """A number of pieces belongs to a lot."""
        good: bool = super().validate(extra_validators)
        for lot, pieces in self.kit_rows():
            if pieces.data is not None and not lot.data:
                self.refuse(lot.name, NO_LOT_FOR_PIECES)
                good = False
        return good

    def spin_rows(self) -> list[dict[str, Any]]:
        """Return the fields of each spin by their names."""
        names = (*SPIN, "started", "ended")
        return [{"n": n, **{name: self[f"{name}_{n}"] for name in names}} for n in SPINS]

    def fill(self, content: Preparation, zone: str) -> None:
        """Show what is written."""
        self.preset.data = content.preset_id
        self.base_source.data, self.prp_source.data = content.base_source, content.prp_source
        for name, column in _SAME.items():
            self[name].data = getattr(content, column)
        for name in ("centrifuge", "activator_lot"):
            value = getattr(content, _CHOSEN[name])
            self[name].data = "" if value is None else str(value)
        for name in ("drawn_at", "obtained_at"):
            self[name].data = _wall(getattr(content, name), zone)
        for n, spin in zip(SPINS, content.spins, strict=False):
            show_spin(self, n, spin)
            self[f"started_{n}"].data = _wall(spin.started_at, zone)
            self[f"ended_{n}"].data = _wall(spin.ended_at, zone)
        for (field, pieces), kit in zip(self.kit_rows(), content.kits, strict=False):
            field.data, pieces.data = str(kit.lot_id), kit.pieces
            if kit.udi:
                self.codes.data[kit.lot_id] = kit.udi

    def take(self, preset: PresetCard, kit: LotChoice | None) -> None:
        """Fill in what a preset says; what it does not say stays as it is."""
        for name, value in _said(preset, kit):
            if value is not None:
                self._put(name, value)

    def take_scanned(self, preset: PresetCard, kit: LotChoice) -> None:
        """Choose a kit that was scanned, and fill in what its preset says where nothing is yet."""
        for name, value in _said(preset, kit):
            if value is not None and self[name].data in {None, ""}:
                self._put(name, value)
        self.choose_kit(kit)

    def choose_kit(self, kit: LotChoice) -> None:
        """Choose the lot of the kit in the first row, unless it stands in one already."""
        if str(kit.id) not in [field.data for field in self.kit_fields()]:
            self._put("kit_1", str(kit.id))

    def _put(self, name: str, value: object) -> None:
        field = self[name]
        field.data, field.raw_data, field.process_errors = value, None, []

    def content(self, before: Preparation, started_at: dt.datetime, zone: str) -> Preparation:
        """Return what was written, after validate(); a time nobody touched keeps its seconds."""

        def instant(name: str, kept: dt.datetime | None) -> dt.datetime | None:
            at = self[name].data
            if at is None or _wall(kept, zone) == at:
                return None if at is None else kept
            return preparing.nearest(at, started_at, zone)

        enums = {name: cast("EnumField", self[name]).member() for name in _ENUMS}
        plain = {column: self[name].data for name, column in _SAME.items() if name not in _ENUMS}
        return Preparation(
            **plain | enums,
            base_source=self.base_source.text(),
            prp_source=self.prp_source.text(),
            preset_id=self.preset.data,
            centrifuge_id=_id(self.centrifuge),
            drawn_at=instant("drawn_at", before.drawn_at),
            obtained_at=instant("obtained_at", before.obtained_at),
            spins=self._spins(before.spins, instant),
            kits=tuple(
                Kit(
                    lot_id=int(field.data),
                    pieces=pieces.data,
                    udi=self.codes.of(int(field.data), self.kits, self.today),
                )
                for field, pieces in self.kit_rows()
                if field.data
            ),
            activator_lot_id=_id(self.activator_lot),
        )

    def _spins(self, before: Sequence[Spin], instant: Any) -> tuple[Spin, ...]:
        spins = []
        for n in SPINS:
            was = before[n - 1] if n <= len(before) else Spin()
            spins.append(
                replace(
                    spin_of(self, n),
                    started_at=instant(f"started_{n}", was.started_at),
                    ended_at=instant(f"ended_{n}", was.ended_at),
                )
            )
        while spins and spins[-1] == Spin():
            spins.pop()
        return tuple(spins)

    def wish(
        self, session_id: int, content: Preparation, act: Act | None, page: Page
    ) -> SavePreparation:
        """Return what to keep."""
        return SavePreparation(
            session_id=session_id,
            version=given(self.version.data),
            content=content,
            act=act,
            reason=self.reason.text(),
            page=page,
        )


_ENUMS = (
    "method",
    "draw_site",
    "anticoagulant",
    "layer",
    "activation",
    "leukocytes",
    "erythrocytes",
    "base_kind",
    "prp_kind",
)
_SAME: dict[str, str] = {name: name for name in _ENUMS} | {
    "tubes": "tubes",
    "blood": "blood_ul",
    "anticoagulant_volume": "anticoagulant_ul",
    "prp": "prp_ul",
    "activator": "activator_ul",
    "base_platelets": "base_platelets_e6l",
    "base_leukocytes": "base_leukocytes_e6l",
    "base_neutrophils": "base_neutrophils_e6l",
    "base_erythrocytes": "base_erythrocytes_e9l",
    "base_haemoglobin": "base_haemoglobin_mgdl",
    "base_on": "base_on",
    "prp_platelets": "prp_platelets_e6l",
    "prp_leukocytes": "prp_leukocytes_e6l",
    "prp_neutrophils": "prp_neutrophils_e6l",
    "prp_erythrocytes": "prp_erythrocytes_e9l",
    "prp_on": "prp_on",
}
"""{field: what it is called in a preparation} where both hold the same value."""
_CHOSEN = {"centrifuge": "centrifuge_id", "activator_lot": "activator_lot_id"}


def spin_fields(form: type[BaseForm]) -> None:
    """Give a form the fields of each spin."""
    for n in SPINS:
        setattr(form, f"rcf_{n}", whole("g", here.RCF.hard))
        setattr(form, f"minutes_{n}", whole(N_("Minutes"), here.MINUTES.hard))
        setattr(form, f"rpm_{n}", whole(N_("Revolutions a minute"), here.RPM))
        setattr(form, f"radius_{n}", whole(N_("Rotor radius, mm"), here.RADIUS_MM))
        setattr(form, f"temperature_{n}", whole(N_("Temperature, °C"), here.TEMPERATURE_C))
        setattr(form, f"brake_{n}", one_of(N_("Brake"), Brake, BRAKE_NAMES))


def spin_of(form: BaseForm, n: int) -> Spin:
    """Return what was written of a spin but its times, after validate()."""
    numbers = {column: form[f"{name}_{n}"].data for name, column in SPIN.items() if name != "brake"}
    return Spin(**numbers, brake=cast("EnumField", form[f"brake_{n}"]).member())


def show_spin(form: BaseForm, n: int, spin: Spin) -> None:
    """Show what is written of a spin but its times."""
    for name, column in SPIN.items():
        form[f"{name}_{n}"].data = getattr(spin, column)


spin_fields(PreparationForm)
for _n in SPINS:
    setattr(PreparationForm, f"started_{_n}", TimeField(N_("Begun at"), optional=True))
    setattr(PreparationForm, f"ended_{_n}", TimeField(N_("Stopped at"), optional=True))
PreparationForm.kit_1 = ChoiceField(N_("Kit or tube, lot"), optional=True)
PreparationForm.kit_2 = ChoiceField(N_("Another lot of it"), optional=True)
for _n in KITS:
    pieces = WholeField(N_("How many of it"), optional=True, least=1, most=MOST_PIECES)
    setattr(PreparationForm, f"pieces_{_n}", pieces)


def _said(preset: PresetCard, kit: LotChoice | None) -> Iterator[tuple[str, object]]:
    """Yield (field, value) of what a preset says."""
    for name in ("method", "tubes", "anticoagulant", "layer", "leukocytes", "erythrocytes"):
        yield name, getattr(preset, name)
    yield "preset", preset.id
    yield "blood", preset.blood_ul
    yield "anticoagulant_volume", preset.anticoagulant_ul
    yield "kit_1", None if kit is None else str(kit.id)
    for n, spin in zip(SPINS, preset.spins, strict=False):
        for name, column in SPIN.items():
            yield f"{name}_{n}", getattr(spin, column)


def _id(field: ChoiceField) -> int | None:
    return int(field.data) if field.data else None


def _wall(instant: dt.datetime | None, zone: str) -> dt.time | None:
    if instant is None:
        return None
    return walltime.to_local(instant, zone).time().replace(second=0, microsecond=0)


def _option(lot: LotChoice) -> SelectChoice:
    text = f"{lot.product_name} · {ltr(lot.lot_no)} · {ltr(lot.expires_on.isoformat())}"
    if lot.unusable is None:
        return SelectChoice(str(lot.id), text)
    words = translate(UNUSABLE_WORDS[lot.unusable])
    return SelectChoice(str(lot.id), f"✕ {text} · {words}", {"disabled": True})
