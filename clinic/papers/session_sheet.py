"""The record of a session on paper: what was made, used and given where, by whom, added when."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from clinic.catalog.values import CLASS_NAMES, RegulatoryClass
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.papers import drawing, sheet
from clinic.papers.pieces import amount, decimals, head_of, patient_pairs, plain, told
from clinic.papers.preparation_part import draw_preparation
from clinic.papers.sheet import Sheet, apart, own
from clinic.papers.values import SessionRecord
from clinic.treatments.delivery import (
    ANAESTHESIA_NAMES,
    ANTISEPSIS_NAMES,
    DEVICE_NAMES,
    GUIDANCE_NAMES,
    TECHNIQUE_NAMES,
    ZoneDose,
)
from clinic.treatments.mix_values import LotLine
from clinic.treatments.named import NAMED_TODAY
from clinic.treatments.rules import protocol, volumes
from clinic.treatments.rules.limits import Bound
from clinic.treatments.rules.scalp import CODES
from clinic.treatments.values import (
    LOT_ROLE_NAMES,
    TIME_OUT_NAMES,
    VIEW_NAMES,
    LotRole,
    Site,
)
from clinic.web.formats import fdate, fdatetime, ltr, zone_name
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
_ZONES = (N_("Zone"), N_("Points"), N_("Volume"), N_("Against the protocol"), "mL/cm²")
MOST_SPANS = 40
"""Numbers, or runs of them, in one row of the points: a row cannot run over a page."""
NOT_SIGNED = N_("Not signed")
BY = N_("%(when)s by %(name)s")
NOT_KEPT = N_("not kept then")
USUAL = N_("usual %(least)s to %(most)s")
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
            page.text_of(apart(told(one)))
        reason = apart(record.outside_reason)
        page.text_of(translate(N_("Reason: %(reason)s"), reason=reason))
    page.pairs(_patient(record))
    page.heading(translate(N_("Session")))
    page.pairs(_facts(record))
    if record.prepared is not None:
        draw_preparation(page, record.prepared, record.named)
    _used(page, record)
    _where(page, record)
    _said_before(page, record)
    if not record.named.is_kept:
        page.text_of(translate(NAMED_TODAY), 8, sheet.FAINT)
    _signature(page, record)
    return page


def _patient(record: SessionRecord) -> list[tuple[str, str]]:
    """Return whose session it is as it was signed, and today's name where it is another."""
    named, today = record.named, record.whose
    signed = replace(today, patient=named.patient, born=named.born, file_number=named.file_number)
    pairs = patient_pairs(signed)
    if signed != today:
        told_today = (apart(today.patient), fdate(today.born), apart(today.file_number))
        pairs.append((translate(N_("Today")), " · ".join(one for one in told_today if one)))
    return pairs


def _which(record: SessionRecord) -> str:
    heading = record.named.heading
    if heading.number and heading.planned:
        number = f"{heading.number} / {heading.planned}"
        return f"{apart(heading.service)} · {ltr(number)}"
    return apart(heading.service)


def _facts(record: SessionRecord) -> list[tuple[str, str]]:
    content = record.content
    # Of sessions signed before it was asked with the session, it stands with blood and PRP.
    guidance = content.guidance or (record.prepared and record.prepared.content.guidance)
    accepted = (translate(N_("checked and accepted")),) if content.soft_limits_accepted else ()
    return [
        (translate(N_("Begun")), _by(fdatetime(record.started_at), record.performer)),
        (translate(N_("Ended")), fdatetime(record.ended_at)),
        (translate(N_("First point")), fdatetime(record.first_point_at)),
        (translate(N_("Written after the visit was over")), own(record.written_later)),
        (translate(N_("Mixed at")), fdatetime(record.mixed_at)),
        (
            translate(N_("Weight")),
            f"{amount(content.weight_g, 'kg')}, {fdate(content.weight_on)}"
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
        (translate(N_("Spacing of the points")), amount(content.spacing_um, "mm")),
        (translate(N_("Pain, 0 to 10")), "" if content.pain is None else str(content.pain)),
        (
            translate(N_("Unusual values")),
            "\n".join((*(apart(told(one)) for one in record.named.unusual), *accepted)),
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
                _pack(line),
                apart(line.label.lot_no),
                fdate(line.expires_on),
                _amount_of(line),
                plain(line.dose_ug),
                fdatetime(line.opened_at),
            )
            for line in record.lots
        ],
        (36, 19, 16, 9, 9, 18),
    )


def _amount_of(line: LotLine) -> str:
    """Write how much of a lot was used; what was broken off may not know it."""
    if line.amount_ul is not None:
        return plain(line.amount_ul)
    if line.pieces:
        return f"× {line.pieces}"
    return "" if line.role is LotRole.KIT else translate(N_("not known"))


def _pack(line: LotLine) -> str:
    """Write what a lot is, and below it what it was for and what else its pack said."""
    label = line.label
    code = ""
    if line.udi:
        code = translate(N_("UDI scanned: %(code)s"), code=ltr(line.udi))
    elif label.gtin:
        code = translate(N_("GTIN on the list: %(code)s"), code=ltr(label.gtin))
    is_classed = label.regulatory_class is not RegulatoryClass.UNSTATED
    about = (
        translate(LOT_ROLE_NAMES[line.role]),
        translate(CLASS_NAMES[label.regulatory_class]) if is_classed else "",
        amount(label.strength_ug_per_ml, "mg/mL"),
        apart(label.manufacturer),
        code,
    )
    return f"{apart(label.product)}\n{' · '.join(one for one in about if one)}"


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
    named = record.named
    page.grid(
        [translate(head) for head in _ZONES],
        [
            *(
                (
                    f"{zone_name(zone)} ({ltr(CODES[zone])})",
                    str(points),
                    amount(volume, "mL"),
                    _planned(named.protocol.doses.get(zone), volume)
                    if named.is_kept
                    else translate(NOT_KEPT),
                    _per_cm2(volume, named.areas.get(zone), named.per_cm2),
                )
                for zone, (points, volume) in per.items()
            ),
            (
                translate(N_("Volume given")),
                str(volumes.count(sites)),
                amount(total, "mL"),
                "",
                "",
            ),
        ],
        (27, 10, 12, 50, 19),
    )
    if named.protocol.doses:
        page.text_of(" ".join(_whose_protocol(record)), 8, sheet.FAINT)
    if not sites:
        return
    page.heading(translate(N_("Points")), 34)
    page.grid(
        [translate(head) for head in _POINTS],
        [row for run in runs(sites) for row in rows_of(run)],
        (18, 20, 12, 10, 12, 10, 18, 20),
    )


def _planned(dose: ZoneDose | None, volume_ul: int) -> str:
    """Write what the protocol gives a zone, how its volume stands to that, and by which needle."""
    if dose is None:
        return ""
    fit = protocol.fit(dose, volume_ul)
    said = amount(dose.points * dose.each_ul, "mL")
    if dose.least_ul is not None and dose.most_ul is not None:
        least, most = (decimals(show_thousandths(one)) for one in (dose.least_ul, dose.most_ul))
        said = ltr(f"{least}–{most} mL")
    how = (
        ltr(f"{dose.points} × {decimals(show_thousandths(dose.each_ul))} mL"),
        amount(dose.depth_um, "mm"),
        _needle(dose.needle_gauge, dose.needle_um),
        translate(TECHNIQUE_NAMES[dose.technique]) if dose.technique else "",
    )
    stands = translate(protocol.FIT_NAMES[fit]) if fit else ""
    first = " · ".join(one for one in (said, stands) if one)
    return f"{first}\n{', '.join(one for one in how if one)}"


def _whose_protocol(record: SessionRecord) -> tuple[str, str]:
    kept = record.named.protocol
    when = translate(N_("The protocol is as it was at the signature.")) if record.is_signed else ""
    if not kept.is_shipped:
        return when, translate(N_("The protocol is the clinic’s own."))
    shipped = N_("The protocol is as shipped: a design default after %(sources)s, no guideline.")
    return when, translate(shipped, sources=ltr(kept.source))


def _per_cm2(volume_ul: int, area_mm2: int | None, usual: Bound | None) -> str:
    if not area_mm2:
        return ""
    given = plain(round(volume_ul * 100 / area_mm2))
    if usual is None:
        return given
    least, most = plain(usual.least), plain(usual.most)
    return f"{given}\n{translate(USUAL, least=least, most=most)}"


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
    return (
        zone_name(first.zone),
        translate(VIEW_NAMES[first.place.view]) if first.place else "–",
        str(volumes.count(run)),
        _each(first),
        amount(first.depth_um, "mm"),
        _needle(first.needle_gauge, first.needle_um),
        ", ".join(
            one
            for one in (
                translate(TECHNIQUE_NAMES[first.technique]) if first.technique else "",
                translate(DEVICE_NAMES[first.device]) if first.device else "",
            )
            if one
        ),
    )


def _needle(gauge: int, length_um: int | None) -> str:
    length = f" × {decimals(show_thousandths(length_um))} mm" if length_um else ""
    return ltr(f"{gauge} G{length}")


def _each(site: Site) -> str:
    """Write the volume of one point, exactly: as a part where it is no whole number of µL."""
    each, rest = divmod(site.volume_ul, site.points)
    if rest:
        return ltr(f"{decimals(show_thousandths(site.volume_ul))} / {site.points} mL")
    return amount(each, "mL")


def _said_before(page: Sheet, record: SessionRecord) -> None:
    if record.written_later:
        page.heading(translate(N_("Safety time-out")))
        page.text_of(translate(N_("not documented: written later")))
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
