"""The four ways in which the clinic says no, each with words for the person at the desk."""


class ClinicError(Exception):
    """A refusal with a message that can be translated: a msgid and the values for its gaps."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class NotFound(ClinicError):
    """There is no such record, or not for this person: 404."""


class Forbidden(ClinicError):
    """This person may not do that: 403."""


class Conflict(ClinicError):
    """Somebody was faster, or the record has moved on: 409."""


class Elsewhere(Conflict):
    """The record is a part of another one now; `instead` names it as an address does."""

    def __init__(self, message: str, *, instead: dict[str, int], **values: object) -> None:
        super().__init__(message, **values)
        self.instead = instead


class Invalid(ClinicError):
    """What was given cannot be right: 422. `field` names the form field it belongs to."""

    def __init__(self, message: str, *, field: str = "", **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


class StaleEdit(Conflict):
    """The record was changed by somebody else since this page was opened."""
