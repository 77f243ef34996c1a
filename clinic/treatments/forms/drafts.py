"""Which page sent a form, and what of it is kept as typed."""

from collections.abc import Iterable

from wtforms import HiddenField

from clinic.treatments.typed import KeepTyped
from clinic.treatments.values import (
    DraftStep,
    Page,
)
from clinic.web.forms import BaseForm, FormKeyField, VersionField, given

_LARGEST = 2**31 - 1
_OWN = ("csrf_token", "do", "kept", "kept_for")


class PageForm(BaseForm):
    """What a page that keeps what is typed sends beside its form."""

    version = VersionField()
    draft_tab = FormKeyField()
    draft_seen = HiddenField()
    draft_seq = HiddenField()
    draft_account = HiddenField()
    draft_take = HiddenField()
    draft_check = HiddenField()

    def page(self) -> Page:
        """Return the page; one that says nothing of itself has seen nothing."""
        return Page(tab=self.draft_tab.data or "", seen=_number(self.draft_seen.data))

    @property
    def account_id(self) -> int:
        """Return who the page was made for."""
        return _number(self.draft_account.data)

    @property
    def only_checks(self) -> bool:
        """Tell whether the page only asks whether it may go on."""
        return bool(self.draft_check.data)

    def wish(self, session_id: int, step: DraftStep, sent: Iterable[tuple[str, str]]) -> KeepTyped:
        """Return what to keep of the fields that were sent, after validate()."""
        return KeepTyped(
            session_id=session_id,
            step=step,
            page=self.page(),
            version=given(self.version.data),
            seq=_number(self.draft_seq.data),
            fields=tuple(
                (name, text)
                for name, text in sent
                if name not in _OWN and "password" not in name and not name.startswith("draft_")
            ),
            takes_over=bool(self.draft_take.data),
        )


def _number(raw: object) -> int:
    text = str(raw or "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return min(number, _LARGEST - 1)
