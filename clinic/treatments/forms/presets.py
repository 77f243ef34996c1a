"""What the administrator types about a kit or tube."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from wtforms import BooleanField

from clinic.catalog.rules import barcodes
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.treatments.forms.preparation import (
    CHOOSE,
    SPIN,
    SPINS,
    millilitres,
    one_of,
    show_spin,
    spin_fields,
    spin_of,
)
from clinic.treatments.preparation_values import (
    ANTICOAGULANT_NAMES,
    LAYER_NAMES,
    METHOD_NAMES,
    RICHNESS_NAMES,
    Anticoagulant,
    ChangePreset,
    KeepPreset,
    KitProduct,
    Layer,
    Method,
    PresetCard,
    Richness,
    Spin,
)
from clinic.treatments.rules import limits
from clinic.web.forms import ChoiceField, EnumField, TextField, VersionField, WholeField, given
from clinic.web.password_again import AskingForm
from clinic.web.scanning import ScanField
from clinic.web.words import translate

NO_NUMBER = N_("This barcode names no product: scan the one of the pack")
NO_PRODUCT = N_("No kit of the list has the number %(gtin)s: write it at the product first")
OTHER_PRODUCT = N_("This barcode is of %(name)s, another product than the one chosen")


class PresetForm(AskingForm):
    """A new preset."""

    name = TextField(N_("Name"), max_length=80)
    maker = TextField(N_("Maker"), optional=True, max_length=80)
    udi = ScanField(N_("Barcode of the pack (UDI)"), optional=True)
    product = ChoiceField(N_("Product of the list"), optional=True)
    method = one_of(N_("Method"), Method, METHOD_NAMES)
    tubes = WholeField(N_("Tubes"), optional=True, least=1, most=12)
    blood = millilitres(N_("Blood drawn"), limits.BLOOD.hard)
    anticoagulant = one_of(N_("Anticoagulant"), Anticoagulant, ANTICOAGULANT_NAMES)
    anticoagulant_volume = millilitres(N_("Its volume"), limits.ANTICOAGULANT.hard)
    layer = one_of(N_("Layer"), Layer, LAYER_NAMES)
    prp = millilitres(N_("PRP expected"), limits.PRP.hard)
    leukocytes = one_of(N_("Leukocytes"), Richness, RICHNESS_NAMES)
    erythrocytes = one_of(N_("Red cells"), Richness, RICHNESS_NAMES)
    source = TextField(N_("Where the numbers come from"), optional=True, max_length=80)

    def offer_products(self, products: Iterable[KitProduct], *, today: dt.date) -> None:
        """Take the kits of the list, and the day on which a barcode is read."""
        self.kits, self.today = tuple(products), today
        named = [(kit.id, " · ".join((kit.name, *kit.gtins[:1]))) for kit in self.kits]
        self.product.offer(named, blank=translate(CHOOSE))

    def validate(self, extra_validators: Any = None) -> bool:
        """A barcode chooses its product."""
        good: bool = super().validate(extra_validators)
        text = str(self.udi.data or "")
        if not text:
            return good
        try:
            kit = self._scanned(text)
        except Invalid as refused:
            self.refuse("udi", refused)
            return False
        self.product.data, self.udi.data = str(kit.id), ""
        return good

    def _scanned(self, text: str) -> KitProduct:
        gtin = barcodes.read(text, today=self.today).gtin
        if not gtin:
            raise Invalid(NO_NUMBER)
        kit = next((one for one in self.kits if gtin in one.gtins), None)
        if kit is None:
            raise Invalid(NO_PRODUCT, gtin=gtin)
        if self.product.data not in {"", None, str(kit.id)}:
            raise Invalid(OTHER_PRODUCT, name=kit.name)
        return kit

    def spin_rows(self) -> list[dict[str, Any]]:
        """Return the fields of each spin by their names."""
        return [{"n": n, **{name: self[f"{name}_{n}"] for name in SPIN}} for n in SPINS]

    def preset(self) -> KeepPreset:
        """Return what was written, after validate()."""
        spins = [spin_of(self, n) for n in SPINS]
        while spins and spins[-1] == Spin():
            spins.pop()
        return KeepPreset(
            name=self.name.text(),
            maker=self.maker.text(),
            product_id=int(self.product.data) if self.product.data else None,
            tubes=self.tubes.data,
            blood_ul=self.blood.data,
            anticoagulant_ul=self.anticoagulant_volume.data,
            prp_ul=self.prp.data,
            source=self.source.text(),
            spins=tuple(spins),
            **{name: cast("EnumField", self[name]).member() for name in _ENUMS},
        )


class PresetChangeForm(PresetForm):
    """A preset as it is, to be changed."""

    version = VersionField()
    is_active = BooleanField(N_("In use"))

    def fill(self, card: PresetCard) -> None:
        """Show what is written."""
        values: dict[str, object] = {
            "name": card.name,
            "maker": card.maker,
            "product": "" if card.product_id is None else str(card.product_id),
            "tubes": card.tubes,
            "blood": card.blood_ul,
            "anticoagulant_volume": card.anticoagulant_ul,
            "prp": card.prp_ul,
            "source": card.source,
            "version": card.version,
            "is_active": card.is_active,
            **{name: getattr(card, name) for name in _ENUMS},
        }
        for name, value in values.items():
            self[name].data = value
        for n, spin in zip(SPINS, card.spins, strict=False):
            show_spin(self, n, spin)

    def change(self, preset_id: int) -> ChangePreset:
        """Return what to change."""
        return ChangePreset(
            preset_id=preset_id,
            version=given(self.version.data),
            is_active=bool(self.is_active.data),
            preset=self.preset(),
        )


_ENUMS = ("method", "anticoagulant", "layer", "leukocytes", "erythrocytes")
spin_fields(PresetForm)
