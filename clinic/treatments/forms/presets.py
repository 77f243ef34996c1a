"""What the administrator types about a kit or tube."""

from collections.abc import Iterable
from typing import Any, cast

from wtforms import BooleanField

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
    Layer,
    Method,
    PresetCard,
    Richness,
    Spin,
)
from clinic.treatments.rules import limits
from clinic.web.forms import ChoiceField, EnumField, TextField, VersionField, WholeField, given
from clinic.web.password_again import AskingForm
from clinic.web.words import translate


class PresetForm(AskingForm):
    """A new preset."""

    name = TextField(N_("Name"), max_length=80)
    maker = TextField(N_("Maker"), optional=True, max_length=80)
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

    def offer_products(self, products: Iterable[tuple[int, str]]) -> None:
        """Take the kits of the list."""
        self.product.offer(products, blank=translate(CHOOSE))

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
