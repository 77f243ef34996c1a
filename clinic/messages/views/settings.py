"""The clinic's mail server and SMS provider, and when messages leave."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from clinic.audit import looks
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.messages import queries, service, texts, vault, ways
from clinic.messages.forms import SettingsForm, TrialForm
from clinic.messages.models import MessageSettings
from clinic.messages.values import Letter, MailSecurity, Outcome, SmsWay
from clinic.messages.vault import Secret
from clinic.patients.values import Channel
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate
from config import BadSetting

bp = Blueprint("mailing", __name__, url_prefix="/clinic/messages")
SAVED = N_("The settings of messages were saved.")
TAKEN = N_("The server has taken the test message.")
NOT_TAKEN = N_("The test message was not taken: %(reason)s")
NOT_SET = N_("Set the server up first and save.")
LIES_OPEN = N_("The file of the password can be read by others on this machine.")
USUAL: dict[str, Any] = {
    "smtp_port": 587,
    "smtp_security": MailSecurity.STARTTLS.value,
    "sms_way": SmsWay.OFF.value,
    "reminder_hours": 24,
    "quiet_from": queries.QUIET[0],
    "quiet_until": queries.QUIET[1],
}
_SECRETS = {Secret.SMTP: "forget_smtp", Secret.SMS: "forget_sms"}


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def edit() -> ResponseReturnValue:
    """Show the settings; never a password."""
    row = queries.settings(read(), actor().location_id)
    looks.opened("message_settings", actor().location_id)
    return _page(SettingsForm(data=_present(row)))


@bp.post("")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update() -> ResponseReturnValue:
    """Save the settings, and what was typed as a password in its file."""
    form = SettingsForm(request.form)
    form.is_testing = current_app.testing
    if not form.validate():
        return _page(form), 422
    try:
        with transaction() as db:
            service.change_settings(db, actor(), form.command())
            for which, forget in _SECRETS.items():
                _keep(db, which, form[which.value].data or "", forget=bool(form[forget].data))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(form), 422
    except StaleEdit as stale:
        now = queries.settings(read(), actor().location_id)
        form.version.renew(now.version if now else 0)
        form.refuse("", stale)
        return _page(form), 409
    flash(translate(SAVED), "ok")
    return redirect(url_for("mailing.edit"), 303)


def _keep(db: Any, which: Secret, typed: str, *, forget: bool) -> None:
    config = ways.config_of(current_app)
    if vault.is_fixed(config, which) or not (typed or forget):
        return
    service.note_secret(db, actor(), which.value)
    vault.keep(config, which, actor().location_id, "" if forget else typed)


@bp.post("/trial")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def try_out() -> ResponseReturnValue:
    """Send a test message to the administrator, by the settings as they are saved."""
    form = TrialForm(request.form)
    who = actor()
    place = location_queries.get(read(), who.location_id)
    if "phone" in request.form:
        form.phone.region = place.country
    row = queries.settings(read(), who.location_id)
    if not form.validate():
        return _page(SettingsForm(data=_present(row)), form), 422
    channel = Channel.EMAIL if form.email.data else Channel.SMS
    field = "email" if channel is Channel.EMAIL else "phone"
    try:
        carry = ways.open_ways(current_app, row).get(channel) if row else None
    except BadSetting:
        form.refuse(field, LIES_OPEN)
        return _page(SettingsForm(data=_present(row)), form), 422
    if carry is None:
        form.refuse(field, NOT_SET)
        return _page(SettingsForm(data=_present(row)), form), 422
    values = {"clinic": place.name}
    catalogue = texts.words(ways.catalogues_of(current_app), get_locale().language)
    letter = Letter(
        to=str(form[field].data),
        subject=catalogue.ugettext(texts.TRIAL_SUBJECT) % values,
        text=catalogue.ugettext(texts.TRIAL) % values,
        key="",
    )
    handed = carry(letter)
    with transaction() as db:
        service.note_trial(db, who, channel, handed.outcome.value)
    if handed.outcome is not Outcome.TAKEN:
        form.refuse(field, translate(NOT_TAKEN, reason=translate(handed.reason)))
        return _page(SettingsForm(data=_present(row)), form), 422
    flash(translate(TAKEN), "ok")
    return redirect(url_for("mailing.edit"), 303)


def _page(form: SettingsForm, trial: TrialForm | None = None) -> str:
    config, place = ways.config_of(current_app), actor().location_id
    return render_template(
        "mailing/edit.html",
        form=form,
        trial=trial or TrialForm(),
        has={which.value: vault.is_set(config, which, place) for which in Secret},
        fixed={which.value: vault.is_fixed(config, which) for which in Secret},
    )


def _present(row: MessageSettings | None) -> dict[str, Any]:
    if row is None:
        return {"version": 0, **USUAL}
    values = {name: getattr(row, name) for name in service.SETTINGS}
    values["smtp_security"], values["sms_way"] = row.smtp_security.value, row.sms_way.value
    return {"version": row.version, **values}
