"""What a page of the rules is asked and sent."""

import re

from clinic.safety import editions

REASON = "Our haematologist asks for a wider margin."


def text(response):
    """Return a page as one line of words."""
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


def proposal(db, code="nsaid_recent"):
    return editions.proposal(db, code)


def a_draft(db, code="nsaid_recent", **changes):
    """What the form of a rule sends when only these fields were changed."""
    rule = editions.floor_of(code)
    return {
        **{f"number-{n.name}": n.value for n in rule.numbers},
        **{f"decision-{c.name}": c.decision.value for c in rule.cases},
        "is_on": "y",
        "reason": REASON,
        "seen": proposal(db, code).then.mark,
        **changes,
    }
