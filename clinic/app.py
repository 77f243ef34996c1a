"""The application: the only file that knows every domain."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from clinic import cli
from clinic.accounts import cookies
from clinic.accounts.cookies import DbSession
from clinic.accounts.values import Theme
from clinic.accounts.views import confirming
from clinic.audit import looks
from clinic.audit import service as audit
from clinic.core.access import Actor, Permission
from clinic.core.engine import Sessions, make_engine
from clinic.core.text import N_
from clinic.outcomes import files
from clinic.outcomes.files import Store
from clinic.patients import finding
from clinic.scheduling import hits, settling
from clinic.scheduling.settling import Tally
from clinic.web import (
    access,
    assets,
    catalogues,
    csrf,
    database,
    discreet,
    errors,
    formats,
    headers,
    uploads,
)
from clinic.web.words import translate
from config import Config

LANGUAGES = {"en": "English", "de": "Deutsch", "ar": "العربية"}
_BLUEPRINTS = (
    "clinic.web.health",
    "clinic.accounts.views.people",
    "clinic.accounts.views.own",
    "clinic.locations.views",
    "clinic.audit.views",
    "clinic.patients.views",
    "clinic.catalog.views.products",
    "clinic.catalog.views.services",
    "clinic.catalog.views.stock",
    "clinic.catalog.views.counting",
    "clinic.safety.views",
    "clinic.scheduling.views.planning",
    "clinic.scheduling.views.presence",
    "clinic.scheduling.views.resources",
    "clinic.rulebook.views.book",
    "clinic.rulebook.views.approvals",
    "clinic.scheduling.views.blocks",
    "clinic.scheduling.views.days",
    "clinic.scheduling.views.finding",
    "clinic.scheduling.views.hours",
    "clinic.scheduling.views.outside",
    "clinic.scheduling.views.settling",
    "clinic.waiting.views.offers",
    "clinic.intake.views.staff",
    "clinic.intake.views.texts",
    "clinic.intake.views.tablet",
    "clinic.treatments.views.sessions",
    "clinic.treatments.views.drafts",
    "clinic.treatments.views.preparation",
    "clinic.treatments.views.mixing",
    "clinic.treatments.views.areas",
    "clinic.treatments.views.protocol",
    "clinic.treatments.views.identity",
    "clinic.treatments.views.presets",
    "clinic.followup.views",
    "clinic.outcomes.views.taking",
    "clinic.outcomes.views.changing",
    "clinic.messages.views.visit",
    "clinic.messages.views.settings",
    "clinic.messages.views.feeds",
    "clinic.chart.views.board_shelf",
    "clinic.chart.views.patient",
    "clinic.chart.views.ledger",
    "clinic.chart.views.trace",
    "clinic.merging.views",
    "clinic.papers.views",
)


class IdConverter(IntegerConverter):
    """Ids in addresses: 1 to 2^31 - 1; anything else is a page that does not exist."""

    regex = "[1-9][0-9]{0,9}"  # one way to write each: no zeros before, no digits of other scripts

    def __init__(self, map_: Any) -> None:
        super().__init__(map_, min=1, max=2**31 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One line of the rail."""

    endpoint: str
    url: str
    icon: str
    label: str
    current: bool
    tally: Callable[[], Tally] | None = None
    """Counts what waits there; asked only where the rail is drawn, and once."""

    @property
    def count(self) -> int | None:
        """Return how much waits there."""
        return self.tally().count if self.tally else None

    @property
    def hot(self) -> bool:
        """Tell whether something there became worse."""
        return self.tally is not None and self.tally().has_worse


_NAV = (
    ("board.index", "calendar-days", N_("Day board"), Permission.BOARD_VIEW),
    ("settling.index", "shield-alert", N_("Visits to settle"), Permission.CHART_VIEW),
    ("settling.calls", "phone", N_("Visits to call about"), Permission.APPOINTMENT_BOOK),
    ("courses.due", "calendar-clock", N_("Courses due"), Permission.APPOINTMENT_BOOK),
    ("waiting.index", "clock", N_("Waiting list"), Permission.APPOINTMENT_BOOK),
    ("followup.index", "list-checks", N_("Follow-up"), Permission.FOLLOWUP_CALL),
    ("patients.index", "users", N_("Patients"), Permission.PATIENT_VIEW),
    ("treatments.index", "syringe", N_("Sessions"), Permission.CHART_VIEW),
    ("catalog.index", "package", N_("Products and lots"), Permission.PRODUCT_MANAGE),
    ("rulebook.index", "shield-check", N_("Safety rules"), Permission.RULE_VIEW),
    ("texts.index", "file-text", N_("Consent texts"), Permission.RULE_VIEW),
    ("accounts.index", "user-cog", N_("People"), Permission.ACCOUNT_MANAGE),
    ("locations.edit", "settings", N_("Clinic"), Permission.CLINIC_MANAGE),
    ("services.index", "clipboard-list", N_("Services"), Permission.CLINIC_MANAGE),
    ("presets.index", "flask-conical", N_("Kits"), Permission.CLINIC_MANAGE),
    ("resources.index", "door-open", N_("Rooms and people"), Permission.CLINIC_MANAGE),
    ("audit.index", "history", N_("Audit trail"), Permission.AUDIT_VIEW),
)
_FOR_THE_DESK = {"settling.calls"}
"""Lines that clinicians do without: the same visits are on a list of their own, with reasons."""
_UNDER = {
    "approvals": "rulebook",
    "areas": "treatments",
    "chart": "patients",
    "blocks": "board",
    "days": "locations",
    "drafts": "treatments",
    "identity": "treatments",
    "preparation": "treatments",
    "protocol": "services",
    "hours": "resources",
    "openings": "board",
    "outside": "board",
    "feeds": "resources",
    "intake": "patients",
    "ledger": "rulebook",
    "mailing": "locations",
    "merging": "patients",
    "messages": "patients",
    "mixing": "treatments",
    "photographing": "patients",
    "photographs": "patients",
    "scheduling": "board",
    "counting": "catalog",
    "stock": "catalog",
    "trace": "catalog",
}
"""Packages without a line of their own, and the line they are found under."""


def create_app(config: Config, *, sessions: Sessions | None = None, testing: bool = False) -> Flask:
    """Build the application; raises RuntimeError when a view declares no permission."""
    app = Flask("clinic", template_folder="../templates", static_folder=None)
    app.testing = testing
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        MAX_FORM_PARTS=2000,
        TRUSTED_HOSTS=list(config.trusted_hosts) or None,
        LANGUAGES=catalogues.menu(LANGUAGES),
        ASSET_CACHE=config.data_dir / "assets",
        BABEL_TRANSLATION_DIRECTORIES=str(catalogues.compiled(config.data_dir / "translations")),
    )
    app.url_map.converters["id"] = IdConverter
    app.url_map.strict_slashes = False
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask documents it so
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=0
        )
    app.extensions[files.EXTENSION] = Store(
        config.data_dir / "photographs", most_bytes=config.photograph_gb * 10**9
    )
    key = audit.chain_key(config.secret_key)
    if sessions is None:
        sessions = Sessions(make_engine(config.database_url), info={"audit_key": key})
    cookies.make(
        app,
        sessions,
        idle_minutes=config.idle_minutes,
        absolute_hours=config.absolute_hours,
    )
    Babel(app, locale_selector=_pick_locale)
    database.init_app(app, sessions)
    headers.init_app(app)
    errors.init_app(app)
    uploads.init_app(app)
    access.init_app(app, cookies.load_actor)
    looks.init_app(app)
    csrf.init_app(app)
    confirming.init_app(app)
    formats.init_app(app)
    discreet.init_app(app)
    assets.init_app(app)
    cli.init_app(app, config)
    finding.SHOWN[:] = [hits.with_next_visit]
    for name in _BLUEPRINTS:
        app.register_blueprint(import_module(name).bp)
    app.add_url_rule("/", "home", home)
    app.context_processor(_page_context)
    access.check_all_declared(app)
    return app


@access.require(Permission.SIGNED_IN)
def home() -> ResponseReturnValue:
    """Go to the first page that this role works with."""
    places = _nav(access.actor())
    return redirect(places[0].url if places else url_for("account.show"), 303)


def _current_session() -> DbSession | None:
    real = session._get_current_object()  # type: ignore[attr-defined]  # a proxy
    return real if isinstance(real, DbSession) else None


def _of_nobody(own: DbSession | None, name: str) -> str:
    """Return what somebody who is not signed in has chosen for this browser's session."""
    return str(own.get(name, "")) if own is not None else ""


def _pick_locale() -> str:
    own = _current_session()
    account = own.account if own is not None else None
    # On the tablet the patient's choice counts, also before a signed-in browser is signed out.
    chosen = g.get("spoken") or (account.locale if account else _of_nobody(own, "lang"))
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or "en"


def _page_context() -> dict[str, Any]:
    own = _current_session()
    account = own.account if own is not None else None
    who = access.current_actor()
    locale = get_locale()
    return {
        "actor": who,
        "Permission": Permission,
        "login": account.login if account else "",
        "clinic": {"name": own.clinic_name} if own is not None and account else None,
        "lang": locale.language,
        "dir": locale.text_direction,
        "theme": account.theme.value if account else _of_nobody(own, "theme") or Theme.AUTO.value,
        "single_keys": account.single_keys if account else True,
        "LANGS": current_app.config["LANGUAGES"],
        "nav": _nav(who) if who is not None else [],
    }


def _nav(who: Actor) -> list[NavItem]:
    package = (request.endpoint or "").split(".")[0]
    here = _UNDER.get(package, package)
    return [
        NavItem(
            endpoint=endpoint,
            url=url_for(endpoint),
            icon=icon,
            label=translate(label),
            current=here == endpoint.split(".")[0],
            tally=_unsettled(who) if endpoint == "settling.index" else None,
        )
        for endpoint, icon, label, permission in _NAV
        if who.may(permission)
        and endpoint in current_app.view_functions
        and not (who.is_clinical and endpoint in _FOR_THE_DESK)
    ]


def _unsettled(who: Actor) -> Callable[[], Tally]:
    return cache(lambda: settling.tally(database.read(), who))
