"""What is asked about a practitioner, a room or a device."""

from wtforms import BooleanField

from clinic.catalog.values import CENTRIFUGE, KIND_NAMES, ResourceKind
from clinic.core.text import N_
from clinic.scheduling.resource_values import RADIUS_MM, AddResource, ChangeResource
from clinic.web.forms import (
    ChoiceField,
    DateField,
    EnumField,
    TextField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm


class ResourceForm(AskingForm):
    """A new practitioner, nurse, room or device."""

    kind = EnumField(N_("What is it?"), ResourceKind, KIND_NAMES)
    account_id = ChoiceField(N_("Whose column is it?"), optional=True)
    name = TextField(
        N_("Name"), optional=True, description=N_("Left empty, a person has their own name.")
    )

    def wish(self) -> AddResource:
        """Build the command."""
        kind = self.kind.member()
        return AddResource(
            kind=kind,
            name=self.name.text(),
            account_id=int(self.account_id.data) if self.account_id.data else None,
            device_type=CENTRIFUGE if kind is ResourceKind.DEVICE else "",
        )


class ResourceChangeForm(AskingForm):
    """Another name, what is known of a device, or out of use."""

    version = VersionField()
    name = TextField(N_("Name"))
    radius_mm = WholeField(
        N_("Rotor radius, mm"),
        optional=True,
        least=RADIUS_MM[0],
        most=RADIUS_MM[1],
        description=N_(
            "From the axis to the bottom of the tube, as the maker says. Revolutions in this"
            " centrifuge are converted to g with it."
        ),
    )
    service_due_on = DateField(N_("Next service due on"), optional=True)
    is_active = BooleanField(N_("In use"), description=N_("Visits already booked keep it."))

    def wish(self, resource_id: int) -> ChangeResource:
        """Build the command."""
        return ChangeResource(
            resource_id=resource_id,
            version=given(self.version.data),
            name=self.name.text(),
            is_active=bool(self.is_active.data),
            radius_mm=self.radius_mm.data,
            service_due_on=self.service_due_on.data,
        )
