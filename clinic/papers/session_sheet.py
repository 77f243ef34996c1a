"""The record of a session on paper: what was made, used and given where, by whom, added when."""

from collections.abc import Sequence
from itertools import groupby

from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.papers import drawing, sheet
from clinic.papers.pieces import head_of, patient_pairs
from clinic.papers.preparation_part import draw_preparation
from clinic.papers.sheet import Sheet, apart, own
from clinic.papers.values import SessionRecord
from clinic.treatments.delivery import (
    ANAESTHESIA_NAMES,
    ANTISEPSIS_NAMES,
    DEVICE_NAMES,
    GUIDANCE_NAMES,
    TECHNIQUE_NAMES,
)
from clinic.treatments.rules import volumes
from clinic.treatments.rules.scalp import CODES
from clinic.treatments.values import (
    LOT_ROLE_NAMES,
    TIME_OUT_NAMES,
    VIEW_NAMES,
    Site,
)
from clinic.web.formats import fdate, fdatetime, ltr, sentence, zone_name
from clinic.web.words import translate

_POINTS = (
    "#",
    N_("Zone"),
    N_("View"),
    N_("Points"),
    N_("Each"),
    N_("Depth"),
    N_("Needle"),
    N_("Technique"),
)
MOST_SPANS = 40
"""Numbers, or runs of them, in one row of the points: a row cannot run over a page."""
NOT_SIGNED = N_("Not signed")
BY = N_("%(when)s by %(name)s")
SIDES = N_("L and R are the patient’s sides.")


def drawn(record: SessionRecord) -> bytes:
    """Return the record as PDF, in the language of the request."""
    return sheet.bytes_of(lambda pages: _draw(record, pages))


def _draw(record: SessionRecord, pages: int) -> Sheet:
    mark = "" if record.is_signed else translate(NOT_SIGNED)
    title = translate(N_("Session record"))
    page = Sheet(head_of(record.whose, title, mark=mark), pages=pages)
    page.title_of(title, _which(record))
    if not record.is_signed:
        page.text_of(translate(N_("A draft: it is not signed and may still change.")))
    if not record.is_intact:
        page.text_of(translate(N_("This record is not what was signed")))
    if record.is_aborted:
        reason = apart(record.abort_reason)
        page.text_of(translate(N_("Broken off: %(reason)s"), reason=reason))
    if record.outside:
        page.heading(translate(N_("Given outside of the limits")))
        for one in record.outside:
            page.text_of(apart(sentence(one)))
        reason = apart(record.outside_reason)
        page.text_of(translate(N_("Reason: %(reason)s"), reason=reason))
    page.pairs(patient_pairs(record.whose))
    page.heading(translate(N_("Session")))
    page.pairs(_facts(record))
    if record.prepared is not None:
        draw_preparation(page, record.prepared)
    _used(page, record)
    _where(page, record)
    _said_before(page, record)
    _signature(page, record)
    return page


def _which(record: SessionRecord) -> str:
    heading = record.heading
    if heading.number and heading.planned:
        number = f"{heading.number} / {heading.planned}"
        return f"{apart(heading.service)} · {ltr(number)}"
    return apart(heading.service)


def _amount(value: int | None, unit: str) -> str:
    return "" if value is None else ltr(f"{show_thousandths(value)} {unit}")


def _facts(record: SessionRecord) -> list[tuple[str, str]]:
    content = record.content
    # Of sessions signed before it was asked with the session, it stands with blood and PRP.
    guidance = content.guidance or (record.prepared and record.prepared.content.guidance)
    return [
        (translate(N_("Begun")), _by(fdatetime(record.started_at), record.performer)),
        (translate(N_("Ended")), fdatetime(record.ended_at)),
        (translate(N_("First point")), fdatetime(record.first_point_at)),
        (translate(N_("Mixed at")), fdatetime(record.mixed_at)),
        (
            translate(N_("Weight")),
            f"{_amount(content.weight_g, 'kg')}, {fdate(content.weight_on)}"
            if content.weight_g
            else "",
        ),
        (
            translate(N_("Anaesthesia")),
            ", ".join(translate(ANAESTHESIA_NAMES[one]) for one in content.anaesthesia),
        ),
        (
            translate(N_("Antisepsis")),
            translate(ANTISEPSIS_NAMES[content.antisepsis]) if content.antisepsis else "",
        ),
        (
            translate(N_("Guidance by a picture")),
            translate(GUIDANCE_NAMES[guidance]) if guidance else "",
        ),
        (translate(N_("Pain, 0 to 10")), "" if content.pain is None else str(content.pain)),
        (
            translate(N_("Unusual values")),
            translate(N_("checked and accepted")) if content.soft_limits_accepted else "",
        ),
        (translate(N_("Session note")), own(content.note)),
        *((apart(name), apart(value)) for name, value in record.further),
    ]


def _by(when: str, name: str) -> str:
    return translate(BY, when=when, name=apart(name)) if when else ""


def _used(page: Sheet, record: SessionRecord) -> None:
    page.heading(translate(N_("Products and lots")))
    if not record.lots:
        page.text_of(translate(N_("No lot was recorded.")))
        return
    heads = [N_("Product"), N_("Lot"), N_("Use by"), "mL", "mg", N_("Opened")]
    page.grid(
        [translate(head) for head in heads],
        [
            (
                "\n".join(
                    one
                    for one in (
                        apart(used.line.product),
                        " · ".join(
                            one
                            for one in (
                                translate(LOT_ROLE_NAMES[used.line.role]),
                                apart(used.line.manufacturer),
                                ltr(f"UDI/GTIN {used.line.gtin}") if used.line.gtin else "",
                            )
                            if one
                        ),
                    )
                    if one
                ),
                apart(used.line.lot_no),
                fdate(used.line.expires_on),
                _plain(used.line.amount_ul) or (f"× {used.pieces}" if used.pieces else ""),
                _plain(used.line.dose_ug),
                fdatetime(used.opened_at),
            )
            for used in record.lots
        ],
        (36, 19, 16, 9, 9, 18),
    )


def _plain(value: int | None) -> str:
    return "" if value is None else ltr(show_thousandths(value))


def _where(page: Sheet, record: SessionRecord) -> None:
    sites = record.content.sites
    per = volumes.by_zone(sites)
    drawing.draw_map(page, translate(N_("Injection map")), record.map_version, sites, per)
    said = (
        translate(SIDES),
        translate(N_("drawing %(version)s"), version=ltr(record.map_version)),
    )
    page.text_of(" ".join(said), 8, sheet.FAINT)
    page.heading(translate(N_("By zone")), 14 + 7 * (len(per) + 2))
    total = volumes.total_ul(sites)
    page.grid(
        [translate(head) for head in (N_("Zone"), N_("Points"), N_("Volume"), "mL/cm²")],
        [
            *(
                (
                    f"{zone_name(zone)} ({ltr(CODES[zone])})",
                    str(points),
                    _amount(volume, "mL"),
                    _per_cm2(volume, record.areas.get(zone)),
                )
                for zone, (points, volume) in per.items()
            ),
            (
                translate(N_("Volume given")),
                str(volumes.count(sites)),
                _amount(total, "mL"),
                "",
            ),
        ],
        (44, 16, 20, 20),
    )
    if not sites:
        return
    page.heading(translate(N_("Points")))
    page.grid(
        [translate(head) for head in _POINTS],
        [row for run in runs(sites) for row in rows_of(run)],
        (18, 20, 12, 10, 12, 10, 18, 20),
    )


def _per_cm2(volume_ul: int, area_mm2: int | None) -> str:
    return "" if not area_mm2 else ltr(show_thousandths(round(volume_ul * 100 / area_mm2)))


def runs(sites: Sequence[Site]) -> list[tuple[Site, ...]]:
    """Return points that differ in nothing but number and place, by their first number."""

    def alike(site: Site) -> tuple[object, ...]:
        view = site.place.view.value if site.place else ""
        return (
            *(site.zone.value, view, site.points, site.volume_ul, site.depth_um),
            *(site.needle_gauge, site.needle_um or 0, site.technique or "", site.device or ""),
        )

    ordered = sorted(sites, key=lambda one: (alike(one), one.seq))
    found = [tuple(run) for _, run in groupby(ordered, key=alike)]
    return sorted(found, key=lambda run: run[0].seq)


def rows_of(run: tuple[Site, ...]) -> list[tuple[str, ...]]:
    """Return the row of points alike, and further ones where their numbers would fill a page."""
    spans = drawing.numbers(site.seq for site in run).split(", ")
    first, *more = (
        ltr(", ".join(spans[start : start + MOST_SPANS]))
        for start in range(0, len(spans), MOST_SPANS)
    )
    said = _run(run)
    return [(first, *said), *((one, *[""] * len(said)) for one in more)]


def _run(run: tuple[Site, ...]) -> tuple[str, ...]:
    first = run[0]
    needle = f"{first.needle_gauge} G"
    if first.needle_um:
        needle += f" × {show_thousandths(first.needle_um)} mm"
    return (
        zone_name(first.zone),
        translate(VIEW_NAMES[first.place.view]) if first.place else "–",
        str(volumes.count(run)),
        _each(first),
        _amount(first.depth_um, "mm"),
        ltr(needle),
        ", ".join(
            one
            for one in (
                translate(TECHNIQUE_NAMES[first.technique]) if first.technique else "",
                translate(DEVICE_NAMES[first.device]) if first.device else "",
            )
            if one
        ),
    )


def _each(site: Site) -> str:
    """Write the volume of one point, exactly: as a part where it is no whole number of µL."""
    each, rest = divmod(site.volume_ul, site.points)
    if rest:
        return ltr(f"{show_thousandths(site.volume_ul)} / {site.points} mL")
    return _amount(each, "mL")


def _said_before(page: Sheet, record: SessionRecord) -> None:
    if record.time_out:
        page.heading(translate(N_("Safety time-out")))
        page.pairs(
            [
                (
                    translate(name),
                    _by(fdatetime(stamp.at), stamp.by) if stamp else translate(N_("not said")),
                )
                for line, name in TIME_OUT_NAMES.items()
                for stamp in (record.time_out.get(line),)
            ]
        )
    if record.releases:
        page.heading(translate(N_("Released for this visit")))
        page.pairs([(apart(name), own(reason)) for name, reason in record.releases])


def _signature(page: Sheet, record: SessionRecord) -> None:
    page.heading(translate(N_("Signature")))
    signed = _by(fdatetime(record.signed_at), record.signed_by)
    page.pairs(
        [
            (translate(N_("Signed")), signed or translate(NOT_SIGNED)),
            (translate(N_("Hash")), ltr(record.content_hash) if record.content_hash else ""),
        ]
    )
    if record.addenda:
        page.heading(translate(N_("Addenda")))
    for words in record.addenda:
        page.text_of(own(words.body))
        page.text_of(
            translate(
                N_("%(name)s, %(when)s. Reason: %(reason)s"),
                name=apart(words.author),
                when=fdatetime(words.at),
                reason=apart(words.reason),
            ),
            8,
            sheet.FAINT,
        )
        page.ln(1.5)
