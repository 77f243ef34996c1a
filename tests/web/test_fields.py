"""How fields, flashes and the shell are written into pages."""

import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Blueprint, Flask, flash, render_template, render_template_string
from flask_babel import Babel
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, Form, FormField, RadioField
from wtforms.fields.choices import SelectChoice

from clinic.core.access import Actor, Permission, Role
from clinic.web import assets, formats
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    FormKeyField,
    NoteField,
    TextField,
    TimeField,
    VersionField,
    required,
)

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
ACTOR = Actor(id=1, name="Alice Weber", role=Role.PHYSICIAN, location_id=1, zone="Europe/Berlin")


class Address(Form):
    street = TextField("Street")


class VisitForm(BaseForm):
    name = TextField("Name", description="As in the passport")
    born = DateField("Born")
    start = TimeField("Start")
    volume = AmountField("Volume", least=20, most=500, unit="mL")
    sex = RadioField(
        "Sex",
        choices=[SelectChoice("f", "Female"), SelectChoice("m", "Male")],
        validators=[required()],
    )
    service = ChoiceField("Service", optional=True)
    agrees = BooleanField("Agrees to be called")
    note = NoteField("Note", optional=True)
    address = FormField(Address, "Address")
    doses = FieldList(AmountField("Dose", most=100), "Doses", min_entries=1)
    key = FormKeyField()
    version = VersionField()


@pytest.fixture
def page():
    """Return a Flask app with the shell, in which nobody is signed in unless a test says so."""
    app = Flask("anagen", template_folder=ROOT / "templates", static_folder=None)
    app.secret_key = "a test"
    Babel(app)
    formats.init_app(app)
    assets.init_app(app)
    app.jinja_env.globals["csrf_token"] = lambda: "token-1"
    for domain, names in {
        "account": ["show"],
        "accounts": ["prefer", "sign_out", "sign_in"],
        "patients": ["index"],
    }.items():
        bp = Blueprint(domain, domain)
        for name in names:
            bp.add_url_rule(f"/{domain}/{name}", name, lambda: "")
        app.register_blueprint(bp)
    app.context = {
        "actor": None,
        "Permission": Permission,
        "clinic": None,
        "lang": "en",
        "dir": "ltr",
        "theme": "auto",
        "LANGS": {"en": "English", "ar": "العربية"},
        "nav": [],
    }
    app.context_processor(lambda: app.context)
    with app.test_request_context("/visits?page=2"):
        yield app


def field(form, name, **options):
    arguments = "".join(f", {key}={value!r}" for key, value in options.items())
    source = "{% import '_fields.html' as fields %}{{ fields.field(form[name]" + arguments + ") }}"
    return " ".join(render_template_string(source, form=form, name=name).split())


def refused(**given):
    form = VisitForm(MultiDict(given))
    assert not form.validate()
    return form


def test_a_field_has_a_label_and_its_hint_describes_it(page):
    html = field(VisitForm(), "name")

    assert '<label for="name">Name</label>' in html
    assert 'aria-describedby="name-hint"' in html
    assert '<span class="hint" id="name-hint">As in the passport</span>' in html
    assert "aria-invalid" not in html


def test_an_error_stands_at_the_field_describes_it_and_takes_the_focus(page):
    html = field(refused(name=" "), "name")

    assert 'aria-invalid="true"' in html
    assert "autofocus" in html
    assert 'aria-describedby="name-hint name-err"' in html
    assert re.search(r'id="name-err".*Please fill this in', html)


def test_what_was_typed_is_escaped_and_shown_again(page):
    html = field(refused(name='"><script>x</script>', born=""), "name")

    assert "<script>" not in html
    assert "&#34;&gt;&lt;script&gt;" in html


def test_a_date_uses_the_native_input_and_is_said_in_words(page):
    html = field(VisitForm(data={"born": dt.date(1983, 5, 14)}), "born")

    assert 'type="date"' in html
    assert 'value="1983-05-14"' in html
    assert '<output class="hint" for="born" data-say></output>' in html
    assert 'type="text"' in field(VisitForm(), "born", type="text")


@pytest.mark.parametrize(("name", "typed"), [("born", "31.2.1990"), ("start", "25:00")])
def test_a_mistyped_date_or_time_is_shown_as_text_so_that_nothing_is_lost(page, name, typed):
    html = field(refused(**{name: typed}), name)

    assert 'type="text"' in html
    assert f'value="{typed}"' in html


def test_an_amount_shows_its_unit_and_keeps_its_direction_in_arabic(page):
    html = field(VisitForm(), "volume")

    assert 'inputmode="decimal"' in html
    assert 'dir="ltr"' in html
    assert '<span class="unit"><bdi>mL</bdi></span>' in html


def test_few_choices_are_a_segmented_row_with_a_legend(page):
    html = field(refused(), "sex")

    assert '<fieldset class="field" id="sex" role="radiogroup" aria-labelledby="sex-label"' in html
    assert 'aria-describedby="sex-err"' in html
    assert html.count('type="radio"') == 2
    assert html.count("autofocus") == 1
    assert re.search(r"<label>\s*<input[^>]+>Female</label>", html)


def test_a_tick_has_its_words_behind_it(page):
    assert "<span>Agrees to be called</span></label>" in field(VisitForm(), "agrees")


def test_optional_fields_say_so_only_when_asked(page):
    assert "(optional)" in field(VisitForm(), "note", optional=True)
    assert "(optional)" not in field(VisitForm(), "note")


def test_nested_fields_are_groups_with_a_legend(page):
    assert "<legend>Address</legend>" in field(VisitForm(), "address")
    assert 'id="address-street"' in field(VisitForm(), "address")
    assert 'id="doses-0"' in field(VisitForm(), "doses")


def test_further_attributes_go_to_the_input(page):
    html = field(VisitForm(), "name", autocomplete="name", data_pick="patient", class_="auto")

    assert 'autocomplete="name"' in html
    assert 'data-pick="patient"' in html
    assert 'class="input auto"' in html


def test_the_hidden_fields_carry_the_token_the_version_and_the_one_time_key(page):
    form = VisitForm(key="abcdefghijklmnop", version=3)
    html = render_template_string("{% import '_fields.html' as f %}{{ f.hidden(form) }}", form=form)

    assert '<input type="hidden" name="csrf_token" value="token-1">' in html
    assert 'name="key" type="hidden" value="abcdefghijklmnop"' in html
    assert 'name="version" type="hidden" value="3"' in html
    assert 'name="name"' not in html


def test_the_summary_says_what_the_form_as_a_whole_refuses_and_links_to_the_fields(page):
    form = refused(name="")
    form.form_errors.append("Room 2 is taken until 11:30. Room 3 is free.")
    html = render_template_string(
        "{% import '_fields.html' as f %}{{ f.form_errors(form) }}", form=form
    )

    assert "Room 2 is taken until 11:30." in html
    assert '<a href="#name">Name</a>: Please fill this in' in html
    assert '<a href="#sex-0">Sex</a>' in html
    assert "answers need another look" in html


def test_a_form_without_errors_has_no_summary(page):
    html = render_template_string(
        "{% import '_fields.html' as f %}{{ f.form_errors(form) }}", form=VisitForm()
    )

    assert html.strip() == ""


def test_what_happened_is_said_in_the_tone_of_its_category(page):
    flash("Saved <b>", "ok")
    flash("Not saved", "error")
    html = render_template("_flash.html")

    assert 'class="msg ok"' in html
    assert "Saved &lt;b&gt;" in html
    assert 'class="msg bad"' in html


def test_a_page_of_nobody_has_no_rail_and_no_search_but_language_and_colours(page):
    html = render_template("errors/404.html")

    assert 'class="alone"' in html
    assert 'class="rail"' not in html
    assert 'role="search"' not in html
    assert html.count('action="/accounts/prefer"') == 2


def test_a_page_of_somebody_has_the_rail_the_search_and_the_way_out(page):
    item = SimpleNamespace(
        endpoint="board.index",
        url="/board",
        icon="calendar-days",
        label="Day board",
        current=True,
        count=3,
        hot=False,
    )
    page.context |= {"actor": ACTOR, "nav": [item]}
    html = render_template("errors/404.html")

    assert '<a href="/board" aria-current="page" title="Day board" data-key="g b">' in html
    assert 'role="search"' in html
    assert "Alice Weber" in html
    assert 'action="/accounts/sign_out"' in html
    assert 'name="next" value="/visits?page=2"' in html


def test_who_may_not_see_patients_gets_no_search(page):
    administrator = Actor(
        id=2, name="Carol", role=Role.ADMINISTRATOR, location_id=1, zone="Europe/Berlin"
    )
    page.context |= {"actor": administrator}

    assert 'role="search"' not in render_template("errors/404.html")


def test_language_direction_theme_and_shortcuts_are_set_by_the_server(page):
    page.context |= {"lang": "ar", "dir": "rtl", "theme": "dark", "single_keys": False}

    expected = '<html lang="ar" dir="rtl" data-theme="dark" data-keys="off">'
    assert expected in render_template("errors/404.html")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429, 500, 503])
def test_every_error_page_says_what_to_do_and_what_the_server_said(page, status):
    assert "<h1>" in render_template(f"errors/{status}.html", message="", request_id="r-1")
    html = render_template(f"errors/{status}.html", message="Say <this>", request_id="r-1")

    assert "Say &lt;this&gt;" in html
    assert 'class="btn primary"' in html


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_page_needs_no_token_and_no_form_even_when_somebody_is_signed_in(page, status):
    page.context |= {"actor": ACTOR}
    page.jinja_env.globals["csrf_token"] = lambda: pytest.fail("the session may be what failed")

    html = render_template(f"errors/{status}.html", message="", request_id="r-1")
    assert "<form" not in html
    assert "r-1" in html


def test_the_patient_bar_says_who_this_is_and_what_stands_open(page):
    bar = SimpleNamespace(
        name="Bob <i>",
        born=dt.date(1983, 5, 14),
        age=43,
        sex="male",
        file_number="H-20418",
        status="",
        url="/patients/1",
        warnings=[SimpleNamespace(level="stop", text="Review needed")],
    )
    html = render_template("_patient_bar.html", bar=bar)

    for words in ("Bob &lt;i&gt;", "May 14, 1983", "(43)", "male", "H-20418", "Review needed"):
        assert words in html
    assert 'class="chip stop"' in html
    assert "Stop: " in html
