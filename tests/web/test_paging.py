"""The links below a list that has more rows than a page."""

import pytest
from flask import render_template_string

from clinic.web.paging import Page

LINKS = (
    "{% import '_paging.html' as paging with context %}"
    "{{ paging.links(page, more, 'patients.index', total=total) }}"
)


def links(app, page, *, more=False, total=None):
    with app.test_request_context("/patients"):
        return render_template_string(LINKS, page=page, more=more, total=total)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_list_that_goes_on_leads_there_and_back(app):
    first = links(app, Page(1, 50), more=True)
    assert "page=2" in first
    assert "Page 1" in first
    assert 'rel="prev"' not in first

    last = links(app, Page(3, 50), total=120)
    assert "page=2" in last
    assert "Page 3 of 3" in last
    assert 'rel="next"' not in last

    assert links(app, Page(1, 50)).strip() == ""
