"""How large the zones are, typed in square centimetres."""

from typing import Any, cast

from clinic.core.text import N_
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.treatments.delivery import MeasureZones
from clinic.web.forms import AmountField, DateField, given
from clinic.web.password_again import AskingForm

_MM2 = 10
"""A square millimetre in thousandths of a square centimetre."""


class AreasForm(AskingForm):
    """One area a zone; an empty one is not known. A patient's asks for no password."""

    measured_on = DateField(N_("Measured on"))

    def __init__(self, formdata: Any = None, *, is_patients: bool, **given_data: Any) -> None:
        self._is_patients = is_patients
        super().__init__(formdata, **given_data)

    def is_asking(self) -> bool:
        """The clinic's own table holds for every patient who was not measured."""
        return not self._is_patients

    def zones(self) -> list[AmountField]:
        """Return the fields of the zones, in their order."""
        return [cast("AmountField", self[zone.value]) for zone in Zone]

    def wish(self, patient_id: int | None) -> MeasureZones:
        """Return what to note, after validate()."""
        return MeasureZones(
            patient_id=patient_id,
            measured_on=given(self.measured_on.data),
            areas=tuple(
                (zone, field.data // _MM2)
                for zone, field in zip(Zone, self.zones(), strict=True)
                if field.data is not None
            ),
        )


for _zone, _name in ZONE_NAMES.items():
    setattr(
        AreasForm,
        _zone.value,
        AmountField(_name, optional=True, least=1_000, most=600_000, unit="cm²"),
    )
