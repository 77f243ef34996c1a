"""Two versions of a rule side by side: what differs, before and after."""

from collections.abc import Iterator, Mapping
from decimal import Decimal as Number
from typing import Any

from clinic.rulebook.values import Aspect, Difference
from clinic.safety.rules.catalogue import Data
from clinic.safety.rules.versions import Version
from clinic.safety.values import Decision

_WORDINGS = ("name", "clears", "anchor", "physician_unknown")
_CASE_WORDINGS = ("physician", "physician_open", "reception")
_SAID = {"version", "numbers", "cases", *_WORDINGS}


def differences(before: Version, after: Version) -> tuple[Difference, ...]:
    """Return what differs: the switch, numbers, decisions, wordings, and last all the rest.

    Empty when both would act and read alike. Decisions are their values, the switch is "on" or
    "off", a number without a counterpart has an empty text on that side.
    """
    found: list[Difference] = []
    if before.is_on != after.is_on:
        found.append(
            Difference(
                aspect=Aspect.SWITCH, name="", before=_switch(before), after=_switch(after), unit=""
            )
        )
    found += _numbers(_tables(before.content), _tables(after.content))
    found += _cases(before.content, after.content)
    for name in _WORDINGS:
        old, new = str(before.content.get(name, "")), str(after.content.get(name, ""))
        if old != new:
            found.append(
                Difference(aspect=Aspect.WORDING, name=name, before=old, after=new, unit="")
            )
    if _rest(before.content) != _rest(after.content):
        found.append(Difference(aspect=Aspect.REST, name="", before="", after="", unit=""))
    return tuple(found)


def _switch(version: Version) -> str:
    return "on" if version.is_on else "off"


def _tables(content: Data) -> Mapping[str, Mapping[str, Any]]:
    numbers = content.get("numbers", {})
    assert isinstance(numbers, Mapping)
    return numbers


def _numbers(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for name in {**old, **new}:
        was, is_ = old.get(name), new.get(name)
        if was and is_ and Number(str(was["value"])) == Number(str(is_["value"])):
            if was["confidence"] != is_["confidence"]:
                yield Difference(
                    aspect=Aspect.CONFIDENCE,
                    name=name,
                    before=str(was["confidence"]),
                    after=str(is_["confidence"]),
                    unit="",
                )
            continue
        unit = str((is_ or was or {})["unit"])
        yield Difference(
            aspect=Aspect.NUMBER,
            name=name,
            before=str(was["value"]) if was else "",
            after=str(is_["value"]) if is_ else "",
            unit=unit,
        )


def _by_name(content: Data) -> dict[str, Mapping[str, Any]]:
    cases = content["cases"]
    assert isinstance(cases, list | tuple)
    return {str(case["name"]): case for case in cases}


def _cases(before: Data, after: Data) -> Iterator[Difference]:
    old, new = _by_name(before), _by_name(after)
    for name in old | new:
        was, is_ = old.get(name, {}), new.get(name, {})
        wording = str((is_ or was)["physician"])
        if was.get("decision") != is_.get("decision"):
            yield Difference(
                aspect=Aspect.DECISION,
                name=wording,
                before=Decision(was["decision"]).value if was else "",
                after=Decision(is_["decision"]).value if is_ else "",
                unit="",
            )
        if not (was and is_):
            continue
        for part in _CASE_WORDINGS:
            if was.get(part, "") != is_.get(part, ""):
                yield Difference(
                    aspect=Aspect.WORDING,
                    name=part,
                    before=str(was.get(part, "")),
                    after=str(is_.get(part, "")),
                    unit="",
                )


def _rest(content: Data) -> object:
    """Return what no person may word or number: what is looked at, and for which treatments."""
    cases = [
        {name: value for name, value in case.items() if name not in {"decision", *_CASE_WORDINGS}}
        for case in _by_name(content).values()
    ]
    numbers = {
        name: {key: value for key, value in table.items() if key not in {"value", "confidence"}}
        for name, table in _tables(content).items()
    }
    others = {name: value for name, value in content.items() if name not in _SAID}
    return cases, numbers, others
