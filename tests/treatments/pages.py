"""What the tests of a session's pages read from a page and send with a form."""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from clinic.treatments import points
from clinic.treatments.preparation_models import PrpPreparation
from tests.treatments.conftest import some_sites

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')


def hidden(page: str, name: str) -> str:
    tags = [tag for tag in HIDDEN.findall(page) if f'name="{name}"' in tag]
    found = re.search(r'value="([^"]*)"', tags[-1])
    assert found
    return found.group(1).replace("&#34;", '"').replace("&amp;", "&")


def written(session, **changes: Any) -> dict[str, Any]:
    """The map of a whole PRP session as its form sends it, with blood and PRP as they are."""
    own = PrpPreparation.session_id == session.id
    seen = object_session(session).scalar(sa.select(PrpPreparation.version).where(own))
    return {
        "prepared": "" if seen is None else str(seen),
        "version": str(session.version),
        "points": points.dumps(some_sites()),
        "each": "0.1",
        "depth": "3",
        "gauge": "30",
        "needle": "4",
        **changes,
    }


def text(answer) -> str:
    return answer.get_data(as_text=True)
