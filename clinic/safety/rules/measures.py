"""The leaves of a condition that compare: results, age, sex, hair in a zone, consent, plan."""

import datetime as dt

from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.safety.rules.known import key
from clinic.safety.rules.language import (
    Measured,
    NoConsent,
    NoHair,
    Planned,
    SexIs,
    Stage,
    Tested,
    Unfit,
    Untested,
    Younger,
)
from clinic.safety.rules.verdicts import (
    ABSENT,
    Hit,
    Question,
    Values,
    Verdict,
    ask_group,
    ask_record,
    ask_result,
    called,
    days_after,
    days_between,
)
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    Message,
    Missing,
    MissingKind,
)

HAIR = "hair"


def measured(leaf: Measured, asked: Question) -> Verdict:
    """Compare the newest valid result, or any result inside a window."""
    results = [
        fact
        for fact in asked.known.of(leaf.kind, leaf.code)
        if fact.state is FactState.PRESENT
        and fact.value_milli is not None
        and fact.noted_on <= asked.on
        and not (leaf.until_end_of and _is_over(leaf, asked, fact))
    ]
    if leaf.window_days is not None:
        return _in_window(leaf, asked, results, leaf.window_days)
    newest = _newest(results)
    if not newest:
        return _no_result(leaf, None)
    last_on = newest[0].noted_on
    valid_days = leaf.valid_days
    if any(_is_abnormal(leaf, fact) for fact in newest):
        valid_days = leaf.abnormal_valid_days
    if valid_days is not None and days_between(last_on, asked.on) > valid_days:
        return _no_result(leaf, last_on)
    if any(fact.unit not in {None, leaf.unit} for fact in newest):
        return _no_result(leaf, last_on)
    hits = tuple(_result_hit(leaf, asked, fact, None) for fact in newest if _is_in(leaf, fact))
    return Verdict(True, None, hits) if hits else ABSENT


def untested(leaf: Untested, asked: Question) -> Verdict:
    """Stay unknown until there is a valid result, and not one older than its reason."""
    last_on = _tested_on(leaf.code, asked)
    if _is_tested(last_on, asked, leaf.valid_days, leaf.after):
        return ABSENT
    return Verdict(None, missing=(ask_result(leaf.code, leaf.name, leaf.valid_days, last_on),))


def tested(leaf: Tested, asked: Question) -> Verdict:
    """Tell whether a valid result of each is there, and none older than its reason."""
    return Verdict(
        all(
            _is_tested(_tested_on(code, asked), asked, leaf.valid_days, leaf.after)
            for code in leaf.codes
        )
    )


def stage(leaf: Stage, asked: Question) -> Verdict:
    """Look at the newest stage on record, on whatever scale."""
    newest = _newest(
        [
            fact
            for fact in asked.known.of_kind(FactKind.STAGE)
            if fact.state is FactState.PRESENT and fact.noted_on <= asked.on
        ]
    )
    hits = tuple(_noted_hit(fact, called(fact, "")) for fact in newest if fact.code in leaf.codes)
    return Verdict(True, None, hits) if hits else ABSENT


def unfit(leaf: Unfit, asked: Question) -> Verdict:
    """Look at the lots chosen of the ingredient that is asked about."""
    return Verdict(
        any(
            lot.unusable in leaf.reasons
            or (
                lot.opened_on is not None and days_between(lot.opened_on, asked.on) > leaf.open_days
            )
            for lot in asked.plan.lots
            if lot.ingredient == asked.ingredient
        )
    )


def younger(leaf: Younger, asked: Question) -> Verdict:
    """Compare the age on the day of the visit."""
    born = asked.known.person.birth_date
    if born is None:
        return Verdict(None, missing=(ask_record("birth_date", N_("The birth date is missing.")),))
    age = age_on(born, asked.on)
    if age >= leaf.years:
        return ABSENT
    values: Values = (("date", born), ("age", age), ("limit", leaf.years))
    message = Message(
        msgid=N_("Born on %(date)s: %(age)s years old on the day of the visit."), values=values
    )
    return Verdict(True, None, (Hit(None, None, message, values),))


def sex_is(leaf: SexIs, asked: Question) -> Verdict:
    """Compare the recorded sex."""
    sex = asked.known.person.sex
    if sex is None or sex == "unknown":
        if leaf.if_unknown is None:
            return Verdict(None, missing=(ask_record("sex", N_("The sex is not recorded.")),))
        return Verdict(leaf.if_unknown)
    return Verdict(sex in leaf.values)


def no_hair(leaf: NoHair, asked: Question) -> Verdict:
    """Look at the newest statement about hair in the zone; without one, ask.

    A bald zone stays bald until hair is found: a doubt alone does not bring it back.
    """
    statements = [
        fact
        for fact in asked.known.of(FactKind.HAIR, HAIR)
        if fact.noted_on <= asked.on and (fact.zone is None or fact.zone is asked.zone)
    ]
    newest = _newest([fact for fact in statements if fact.state is not FactState.UNSURE])
    bald = next((fact for fact in newest if fact.state is FactState.ABSENT), None)
    if bald is not None:
        return _bald(leaf, asked, bald)
    answered = asked.known.reviewed_on(leaf.group, asked.on)
    days = [fact.noted_on for fact in newest] + ([answered] if answered else [])
    last_on = max(days, default=None)
    doubts = [fact for fact in statements if fact.state is FactState.UNSURE]
    for code in leaf.doubted_by:
        doubts += _undenied(asked, code)
    if (
        last_on is None
        or days_between(last_on, asked.on) > leaf.group_days
        or any(not newest or key(doubt) > key(newest[0]) for doubt in doubts)
    ):
        return Verdict(None, missing=(ask_group(leaf.group, last_on, asked.zone),))
    return ABSENT


def no_consent(leaf: NoConsent, asked: Question) -> Verdict:
    """Look for a signed paper of this kind and text version that was not withdrawn."""
    papers = [
        fact
        for fact in asked.known.of(FactKind.CONSENT, asked.plan.modality)
        if fact.noted_on <= asked.on
    ]
    refusals = [fact for fact in papers if _is_refusal(fact, asked.on)]
    last_no = max(((_refused_on(fact), key(fact)) for fact in refusals), default=None)
    signed = [
        fact
        for fact in papers
        if fact.state is FactState.PRESENT
        and not _is_refusal(fact, asked.on)
        and (last_no is None or (fact.noted_on, key(fact)) > last_no)
    ]
    version = asked.plan.consent_version
    for fact in signed:
        if days_between(fact.noted_on, asked.on) <= leaf.valid_days and (
            version is None or fact.label == version
        ):
            return ABSENT
    if refusals and not signed:
        newest = max(refusals, key=lambda fact: (_refused_on(fact), key(fact)))
        values: Values = (("date", _refused_on(newest)),)
        message = Message(msgid=N_("Consent refused or withdrawn on %(date)s."), values=values)
        return Verdict(True, None, (Hit(newest, None, message, values),))
    last_on = max((fact.noted_on for fact in signed), default=None)
    return Verdict(None, missing=(_ask_consent(leaf, last_on, version),))


def planned(leaf: Planned, asked: Question) -> Verdict:
    """Count the ingredients of the plan; of one that is looked at, tell whether it is named."""
    if asked.ingredient is not None and leaf.at_least == 1:
        return Verdict(asked.ingredient in leaf.ingredients)
    return Verdict(len(asked.plan.ingredients.intersection(leaf.ingredients)) >= leaf.at_least)


def age_on(born: dt.date, on: dt.date) -> int:
    """Return the age in whole years; who is born on 29 February ages on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def months_between(earlier: dt.date, later: dt.date) -> int:
    """Return the whole calendar months from one date to the other."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - (later.day < earlier.day)


def _tested_on(code: str, asked: Question) -> dt.date | None:
    """Return the day of the newest result up to the day that is asked about."""
    return max(
        (
            fact.noted_on
            for kind in (FactKind.LAB, FactKind.VITAL)
            for fact in asked.known.of(kind, code)
            if fact.state is FactState.PRESENT
            and fact.value_milli is not None
            and fact.noted_on <= asked.on
        ),
        default=None,
    )


def _is_tested(
    last_on: dt.date | None, asked: Question, valid_days: int, after: tuple[str, ...]
) -> bool:
    """Tell whether a result still counts, and is not older than the newest reason for it."""
    if last_on is None or days_between(last_on, asked.on) > valid_days:
        return False
    reasons = (
        fact.began_on or fact.ended_on or fact.noted_on
        for code in after
        for kind in (FactKind.CONDITION, FactKind.SYMPTOM)
        for fact in asked.known.of(kind, code)
        if fact.state is FactState.PRESENT
    )
    return all(last_on >= reason for reason in reasons if reason <= asked.on)


def _noted_hit(fact: Fact, name: str) -> Hit:
    values: Values = (("fact", name), ("date", fact.noted_on))
    return Hit(fact, None, Message(msgid=N_("%(fact)s on %(date)s."), values=values), values)


def _newest(facts: list[Fact]) -> list[Fact]:
    """Return the newest statement; all of them where nothing tells which is newer."""
    if not facts:
        return []
    last = max(key(fact) for fact in facts)
    return [fact for fact in facts if key(fact) == last]


def _undenied(asked: Question, code: str) -> list[Fact]:
    """Return the symptoms of this code that no later "absent" has taken back."""
    facts = asked.known.of(FactKind.SYMPTOM, code)
    denials = [key(fact) for fact in facts if fact.state is FactState.ABSENT]
    last_denial = max(denials, default=None)
    return [
        fact
        for fact in facts
        if fact.state is not FactState.ABSENT and (last_denial is None or key(fact) >= last_denial)
    ]


def _is_in(leaf: Measured, fact: Fact) -> bool:
    value = fact.value_milli
    assert value is not None
    return (
        (leaf.at_least is None or value >= leaf.at_least)
        and (leaf.below is None or value < leaf.below)
        and (leaf.above is None or value > leaf.above)
    )


def _is_abnormal(leaf: Measured, fact: Fact) -> bool:
    value = fact.value_milli
    assert value is not None
    return (leaf.abnormal_below is not None and value < leaf.abnormal_below) or (
        leaf.abnormal_above is not None and value > leaf.abnormal_above
    )


def _is_over(leaf: Measured, asked: Question, result: Fact) -> bool:
    """Tell whether what the result shows has ended since, by more than the patient's own word."""
    return any(
        fact.state is FactState.PRESENT
        and fact.ended_on is not None
        and result.noted_on <= fact.ended_on <= min(asked.on, fact.recorded_on)
        and fact.source is not FactSource.PATIENT
        for code in leaf.until_end_of
        for fact in asked.known.of(FactKind.PREGNANCY, code)
    )


def _in_window(leaf: Measured, asked: Question, results: list[Fact], window: int) -> Verdict:
    recent = [
        fact
        for fact in results
        if days_between(fact.noted_on, asked.on) < window and fact.unit in {None, leaf.unit}
    ]
    if leaf.is_newest_only:
        recent = _newest(recent)
    hits = tuple(
        _result_hit(leaf, asked, fact, days_after(fact.noted_on, window))
        for fact in recent
        if _is_in(leaf, fact)
    )
    if hits:
        return Verdict(True, max(hit.until for hit in hits if hit.until), hits)
    return ABSENT if recent or leaf.is_missing_absent else _no_result(leaf, None)


def _no_result(leaf: Measured, last_on: dt.date | None) -> Verdict:
    if leaf.is_missing_absent:
        return ABSENT
    days = leaf.valid_days if leaf.valid_days is not None else leaf.window_days or 0
    return Verdict(None, missing=(ask_result(leaf.code, leaf.name, days, last_on),))


def _result_hit(leaf: Measured, asked: Question, fact: Fact, until: dt.date | None) -> Hit:
    limits = [b for b in (leaf.below, leaf.above, leaf.at_least) if b is not None]
    values: Values = (
        ("fact", called(fact, leaf.name)),
        ("value", show_thousandths(fact.value_milli or 0)),
        ("unit", leaf.unit),
        ("date", fact.noted_on),
        ("elapsed", days_between(fact.noted_on, asked.on)),
        ("limit", show_thousandths(limits[0]) if limits else ""),
    )
    msgid = N_(
        "%(fact)s: %(value)s %(unit)s on %(date)s. Days before the visit: %(elapsed)s;"
        " limit %(limit)s."
    )
    if until is not None:
        values = (*values, ("window", leaf.window_days or 0), ("clears_on", until))
        msgid = N_(
            "%(fact)s: %(value)s %(unit)s on %(date)s. Days before the visit: %(elapsed)s;"
            " the rule asks for %(window)s. Clear on %(clears_on)s."
        )
    return Hit(fact, until, Message(msgid=msgid, values=values), values)


def _bald(leaf: NoHair, asked: Question, fact: Fact) -> Verdict:
    zone: Values = () if asked.zone is None else (("zone", asked.zone),)
    if fact.began_on is None:
        if leaf.months:
            return Verdict(None, missing=(ask_group(leaf.group, fact.noted_on, asked.zone),))
        values: Values = (*zone, ("date", fact.noted_on))
        message = Message(
            msgid=N_("%(zone)s: no hair, noted on %(date)s; since when is not known."),
            values=values,
        )
        return Verdict(True, None, (Hit(fact, None, message, values),))
    months = months_between(fact.began_on, asked.on)
    if months < leaf.months:
        return ABSENT
    values = (*zone, ("date", fact.began_on), ("elapsed", months), ("limit", leaf.months))
    message = Message(
        msgid=N_("%(zone)s: no hair since %(date)s; months until the visit: %(elapsed)s."),
        values=values,
    )
    return Verdict(True, None, (Hit(fact, None, message, values),))


def _is_refusal(fact: Fact, on: dt.date) -> bool:
    return fact.state is not FactState.PRESENT or (
        fact.ended_on is not None and fact.ended_on <= on
    )


def _refused_on(fact: Fact) -> dt.date:
    return fact.ended_on or fact.noted_on


def _ask_consent(leaf: NoConsent, last_on: dt.date | None, version: str | None) -> Missing:
    values: Values = (("days", leaf.valid_days),)
    msgid = N_("No signed consent is recorded; at most %(days)s days old on the day of the visit.")
    if last_on is not None:
        values = (*values, ("date", last_on))
        msgid = N_(
            "The consent signed on %(date)s does not count: it is older than %(days)s days,"
            " or for another text version."
        )
        if version is not None:
            values = (*values, ("version", version))
    return Missing(
        kind=MissingKind.EVIDENCE, code="consent", message=Message(msgid=msgid, values=values)
    )
