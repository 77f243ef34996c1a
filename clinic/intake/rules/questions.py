"""The form before a visit: which questions, what was said last time, what the replies record."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.intake.rules.sheet import Line, broader, is_open, line_of
from clinic.intake.values import GroupReply, OpenReply
from clinic.safety.rules.answers import Answer, Reply, facts_of, group_state
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.known import WEIGHT, Known, key
from clinic.safety.rules.language import Catalogue, FactKey, Question, QuestionGroup
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    History,
    Missing,
    MissingKind,
    Screening,
)

MEDICINES = "medicines"
"""The group that confirms every medicine no other group asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with what was said last time; None where it never was."""

    question: Question
    last: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCard:
    """One group of questions for one visit."""

    group: QuestionGroup
    questions: tuple[Asked, ...]
    open_records: tuple[Line, ...]
    """What is recorded as going on; each is still so, or ended on a day."""
    answered_on: dt.date | None
    counts_until: dt.date | None
    """Last day on which the answers count."""
    is_valid: bool
    """Whether the answers count on the day of the visit."""
    may_confirm: bool
    is_too_early: bool
    """Whether answers of today would be out of date on the day of the visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, as what, on which clinic-local day."""

    name: str
    role: Role | None
    """None: nobody of the clinic asks, the patient answers alone."""
    on: dt.date

    @property
    def source(self) -> FactSource:
        """Return how sure an answer is that this person writes down."""
        if self.role is None:
            return FactSource.PATIENT
        return FactSource.PHYSICIAN if self.role is Role.PHYSICIAN else FactSource.STAFF

    def says(self, kind: FactKind, code: str, state: FactState) -> Fact:
        """Return a statement of today."""
        return Fact(
            kind=kind,
            code=code,
            state=state,
            noted_on=self.on,
            source=self.source,
            recorded_by=self.name,
            recorded_on=self.on,
        )


def cards(
    screening: Screening,
    history: History,
    catalogue: Catalogue,
    codes: Codes,
    *,
    today: dt.date,
) -> tuple[GroupCard, ...]:
    """Return the groups that matter for the visit screened, in the order they are asked.

    A group matters when the check lacks its answer, when it was answered before, or when
    something it asks for is on record.
    """
    known = Known(history)
    lacking = groups_lacking(screening)
    asked_by_rules = {
        code
        for rule in catalogue.rules
        if any(applies.modality is screening.plan.modality for applies in rule.applies_to)
        for code in rule.asks
    }
    records = _open_records(known, catalogue, codes)
    found = []
    for group in catalogue.groups:
        last = last_answers(group, known, codes)
        state = group_state(group, history, screening.on)
        days = dt.timedelta(days=group.validity_days)
        card = GroupCard(
            group=group,
            questions=tuple(Asked(question=q, last=last.get(q.code)) for q in group.questions),
            open_records=tuple(line_of(fact, codes) for fact in records.get(group.code, ())),
            answered_on=state.answered_on,
            counts_until=state.answered_on + days if state.answered_on else None,
            is_valid=state.is_valid,
            may_confirm=state.may_confirm,
            is_too_early=screening.on - today > days,
        )
        is_known = card.answered_on is not None or bool(card.open_records)
        if group.code in lacking or (group.code in asked_by_rules and is_known):
            found.append(card)
    return tuple(found)


def groups_lacking(screening: Screening) -> frozenset[str]:
    """Return the codes of the question groups whose answers the check lacks."""
    return frozenset(
        missing.code
        for finding in screening.findings
        for missing in finding.missing
        if missing.kind is MissingKind.QUESTION
    )


def also_needed(screening: Screening) -> tuple[Missing, ...]:
    """Return the results, papers and fields that the check lacks, each once."""
    return tuple(
        dict.fromkeys(
            missing
            for finding in screening.findings
            for missing in finding.missing
            if missing.kind is not MissingKind.QUESTION
        )
    )


def facts_from(
    groups: Sequence[GroupReply],
    open_records: Sequence[OpenReply],
    history: History,
    catalogue: Catalogue,
    codes: Codes,
    *,
    asker: Asker,
) -> tuple[Fact, ...]:
    """Return the facts that the replies put on record, in the order to write them.

    Raises Invalid for a "no change" where there is nothing to confirm, and for a record that
    somebody surer has written.
    """
    known = Known(history)
    by_code = {group.code: group for group in catalogue.groups}
    facts: list[Fact] = []
    for reply in groups:
        group = by_code[reply.group]
        if reply.is_unchanged:
            if not group_state(group, history, asker.on).may_confirm:
                raise Invalid(
                    N_("There is no complete answer yet that could be confirmed"),
                    field=f"same_{group.code}",
                )
            facts.append(asker.says(FactKind.REVIEW, group.code, FactState.PRESENT))
            continue
        made = facts_of(
            group, reply.answers, on=asker.on, source=asker.source, recorded_by=asker.name
        )
        facts += _without_repeats(made, known, codes)
    return (*facts, *_renewed(open_records, known, codes, asker))


def named(question: Question, label: str, codes: Codes) -> FactKey | None:
    """Return what the name given is recognised as, None when it tells nothing more precise."""
    if not label:
        return None
    kind = question.yes.kind
    if kind is FactKind.MEDICATION:
        code = codes.classify_medicine(label)
    elif kind is FactKind.ALLERGY:
        code = codes.classify_allergy("", label)
    else:
        code = codes.classify_condition("", label)
    concept = codes.concept(code) if code else None
    return FactKey(kind=concept.kind, code=concept.code) if concept else None


def last_answers(group: QuestionGroup, known: Known, codes: Codes) -> dict[str, Answer]:
    """Return what each question of a group was answered with last, by question code."""
    review = known.reviewed_on(group.code, dt.date.max)
    found = {}
    for question in group.questions:
        about = {(each.kind, each.code) for each in (question.yes, *question.settles)}
        facts = [
            fact
            for kind in {kind for kind, _ in about}
            for fact in known.of_kind(kind)
            if any((kind, code) in about for code in broader(fact.code, codes))
        ]
        last = max(facts, key=key, default=None)
        if last is not None and last.state is FactState.UNSURE:
            found[question.code] = Answer(reply=Reply.UNSURE)
        elif last is not None and last.state is FactState.PRESENT:
            found[question.code] = Answer(
                reply=Reply.YES,
                named=FactKey(kind=last.kind, code=last.code),
                label=last.label,
                began_on=last.began_on,
                ended_on=last.ended_on,
            )
        elif last is not None or review is not None:
            found[question.code] = Answer(reply=Reply.NO)
    return found


def _open_records(known: Known, catalogue: Catalogue, codes: Codes) -> dict[str, list[Fact]]:
    """Return what goes on by the group that asks for it; medicines no group names come last."""
    group_of = {
        (settled.kind, settled.code): group.code
        for group in reversed(catalogue.groups)
        for question in group.questions
        for settled in (question.yes, *question.settles)
    }
    found: dict[str, list[Fact]] = {}
    for kind in {kind for kind, _ in group_of} | {FactKind.MEDICATION}:
        for fact in known.of_kind(kind):
            if not is_open(fact, known, codes):
                continue
            codes_up = (group_of.get((kind, code)) for code in broader(fact.code, codes))
            group = next((code for code in codes_up if code), None)
            if group is None and kind is FactKind.MEDICATION:
                group = MEDICINES
            if group is not None:
                found.setdefault(group, []).append(fact)
    return found


def _without_repeats(facts: Sequence[Fact], known: Known, codes: Codes) -> list[Fact]:
    """Leave out a Yes that says again what stands, where the group's confirmation renews it."""
    if not any(fact.kind is FactKind.REVIEW for fact in facts):
        return list(facts)
    return [
        fact
        for fact in facts
        if fact.state is not FactState.PRESENT
        or fact.kind is FactKind.REVIEW
        or not any(
            (other.label.casefold(), other.began_on, other.ended_on)
            == (fact.label.casefold(), fact.began_on, fact.ended_on)
            and other.state is FactState.PRESENT
            and (other.ended_on is not None or is_open(other, known, codes))
            for other in known.of(fact.kind, fact.code)
        )
    ]


def _renewed(replies: Sequence[OpenReply], known: Known, codes: Codes, asker: Asker) -> list[Fact]:
    """Return what "still so" and "ended on" record: each record written anew.

    An end needs a denial of the code first, or the old record would go on; it names the latest
    end. It reaches every open record of its code, so those that go on are written again too.
    """
    going_on = {
        fact.id: fact
        for kind in FactKind
        for fact in known.of_kind(kind)
        if is_open(fact, known, codes)
    }
    for reply in replies:
        fact = going_on.get(reply.fact_id)
        if fact is None:
            raise Invalid(
                N_("This has been changed in the meantime"), field=f"open_{reply.fact_id}"
            )
        if reply.ended_on is not None and WEIGHT[asker.source] < WEIGHT[fact.source]:
            raise Invalid(
                N_("A physician recorded this, so only a physician can end it"),
                field=f"open_{reply.fact_id}",
            )
    ends = {reply.fact_id: reply.ended_on for reply in replies}
    denied: dict[tuple[FactKind, str], dt.date] = {}
    for id_, end in ends.items():
        if end is not None:
            about = (going_on[id_].kind, going_on[id_].code)
            denied[about] = max(end, denied.get(about, end))
    facts = [
        asker.says(kind, code, FactState.ABSENT)._replace(ended_on=end)
        for (kind, code), end in denied.items()
    ]
    facts += [
        fact._replace(
            id=None,
            ended_on=ends.get(fact.id or 0),
            noted_on=asker.on,
            source=asker.source if fact.id in ends else fact.source,
            recorded_by=asker.name,
            recorded_on=asker.on,
        )
        for fact in going_on.values()
        if fact.id in ends or (fact.kind, fact.code) in denied
    ]
    return facts
