"""Side effects as CTCAE 5.0 words them: term, code, the grades a term has, usual onset.

Source: clinical.md section 5; the wording of grades is [CTCAE] v5.0, "expected" and windows are
design defaults. A form offers only the grades that a term has.
"""

from dataclasses import dataclass, field

from clinic.core.text import N_
from clinic.followup.values import SideEffectKind as Kind
from clinic.safety.values import Scope

_LIFE = N_("Life-threatening consequences; urgent intervention indicated")
_DEATH = N_("Death")
_ADL = {
    1: N_("Mild"),
    2: N_("Moderate; limiting instrumental activities of daily living"),
    3: N_("Severe; limiting self care"),
}
_PAIN = {
    1: N_("Mild pain"),
    2: N_("Moderate pain; limiting instrumental activities of daily living"),
    3: N_("Severe pain; limiting self care"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One kind of side effect as it is graded."""

    kind: Kind
    name: str
    """For people."""
    term: str
    """CTCAE term with its MedDRA code, or "not a CTCAE term"."""
    grades: dict[int, str]
    physician_from: int
    """Lowest grade that a physician must see the same day; 1 means any."""
    is_emergency: bool = False
    is_expected_up_to: int = 0
    """Highest grade that is part of the usual course; 0 means never expected."""
    long_after_days: int | None = None
    """Still there after so many days: a physician must see it."""
    quarantines_lot: bool = False
    history: tuple[str, ...] = ()
    """Concept codes of what is remembered for later visits, with `history_from`."""
    history_off_list: tuple[str, ...] = ()
    """Instead of `history`, where it was not the patient's plasma but a product on no list."""
    history_of: Scope = Scope.PATIENT
    """Of what: the patient, the zone, or each ingredient that was given."""
    is_allergy: bool = False
    """Whether it is remembered as an allergy, which every page about the patient shows."""
    agents: frozenset[str] = frozenset()
    """Ingredients that can have caused it; empty means any."""
    history_from: int = 1
    history_label: str = ""
    advice: tuple[str, ...] = field(default_factory=tuple)


_TERMS = (
    Term(
        kind=Kind.BRUISING,
        name=N_("Bruising"),
        term="Bruising (10006504)",
        grades={1: N_("Localized or in a dependent area"), 2: N_("Generalized")},
        physician_from=2,
        is_expected_up_to=1,
        long_after_days=14,
        history=("bleeding_tendency",),
        history_from=2,
        history_label=N_("Grade 2 bruising after treatment"),
        advice=(N_("Usually gone in 5 to 14 days. Ask whether it grows."),),
    ),
    Term(
        kind=Kind.HAEMATOMA,
        name=N_("Haematoma"),
        term="Hematoma (10019428)",
        grades={
            1: N_("Mild symptoms"),
            2: N_("Minimally invasive evacuation or aspiration indicated"),
            3: N_("Transfusion; invasive intervention indicated"),
        },
        physician_from=2,
        history=("bleeding_tendency",),
        history_from=2,
        history_label=N_("Haematoma after treatment"),
    ),
    Term(
        kind=Kind.INJECTION_SITE,
        name=N_("Reaction at the injection site"),
        term="Injection site reaction (10022095)",
        grades={
            1: N_("Tenderness with or without warmth, erythema, itching"),
            2: N_("Pain; lipodystrophy; edema; phlebitis"),
            3: N_("Ulceration or necrosis; severe tissue damage; operative intervention indicated"),
            4: _LIFE,
            5: _DEATH,
        },
        physician_from=3,
        is_expected_up_to=1,
        long_after_days=3,
    ),
    Term(
        kind=Kind.SCALP_PAIN,
        name=N_("Scalp pain"),
        term="Scalp pain (10049120)",
        grades=_PAIN,
        physician_from=3,
        is_expected_up_to=2,
    ),
    Term(
        kind=Kind.HEADACHE,
        name=N_("Headache"),
        term="Headache (10019211)",
        grades=_PAIN,
        physician_from=3,
        is_expected_up_to=2,
    ),
    Term(
        kind=Kind.NERVE,
        name=N_("Irritation of the skin nerves: numbness, tingling"),
        term="Paresthesia (10033987)",
        grades={
            1: N_("Mild symptoms"),
            2: N_("Moderate symptoms; limiting instrumental activities of daily living"),
            3: N_("Severe symptoms; limiting self care"),
        },
        physician_from=2,
        is_expected_up_to=1,
        long_after_days=14,
        history=("nerve_zone",),
        history_of=Scope.ZONE,
        history_from=2,
        history_label=N_("Nerve irritation after treatment"),
    ),
    Term(
        kind=Kind.DIZZY,
        name=N_("Dizziness, near fainting"),
        term="Dizziness (10013573)",
        grades=_ADL,
        physician_from=3,
        is_expected_up_to=2,
        history=("vasovagal_hx",),
        history_label=N_("Dizzy or near fainting at treatment"),
    ),
    Term(
        kind=Kind.VASOVAGAL,
        name=N_("Fainting (vasovagal reaction)"),
        term="Vasovagal reaction (10047166)",
        grades={3: N_("Present"), 4: _LIFE, 5: _DEATH},
        physician_from=3,
        is_expected_up_to=3,
        history=("vasovagal_hx",),
        history_label=N_("Fainted at treatment"),
    ),
    Term(
        kind=Kind.OEDEMA_FRONTAL,
        name=N_("Swelling of forehead or eyelids"),
        term="Edema face (10014222)",
        grades={
            1: N_("Localized facial edema"),
            2: N_("Moderate localized facial edema; limiting instrumental activities"),
            3: N_("Severe swelling; limiting self care"),
        },
        physician_from=2,
        history=("oedema_hx",),
        history_label=N_("Swelling of forehead or eyelids after treatment"),
        is_expected_up_to=1,
    ),
    Term(
        kind=Kind.ALLERGIC,
        name=N_("Allergic reaction"),
        term="Allergic reaction (10001718)",
        grades={
            1: N_("Systemic intervention not indicated"),
            2: N_("Oral intervention indicated"),
            3: N_("Bronchospasm; hospitalization or intravenous intervention indicated"),
            4: _LIFE,
            5: _DEATH,
        },
        history=("other_allergy",),
        history_label=N_("Allergic reaction"),
        history_of=Scope.INGREDIENT,
        is_allergy=True,
        physician_from=1,
    ),
    Term(
        kind=Kind.ANAPHYLAXIS,
        name=N_("Anaphylaxis"),
        term="Anaphylaxis (10002218)",
        grades={
            3: N_("Symptomatic bronchospasm; parenteral intervention; edema; hypotension"),
            4: _LIFE,
            5: _DEATH,
        },
        history=("other_allergy",),
        history_label=N_("Anaphylaxis"),
        history_of=Scope.INGREDIENT,
        is_allergy=True,
        physician_from=1,
        is_emergency=True,
    ),
    Term(
        kind=Kind.INFECTION,
        name=N_("Infection of the skin"),
        term="Skin infection (10040872)",
        grades={
            1: N_("Localized, local intervention indicated"),
            2: N_("Oral intervention indicated (antibiotic, antifungal or antiviral)"),
            3: N_("Intravenous or invasive intervention indicated"),
            4: _LIFE,
            5: _DEATH,
        },
        physician_from=1,
        quarantines_lot=True,
        history=("local_infection",),
        history_label=N_("Infection after treatment"),
    ),
    Term(
        kind=Kind.FOLLICULITIS,
        name=N_("Folliculitis"),
        term="Folliculitis (10016936)",
        grades={
            1: N_("Covering less than 10 % of the body surface; no intervention indicated"),
            2: N_("10 to 30 % of the body surface; topical intervention initiated"),
            3: N_("More than 30 % of the body surface; systemic intervention indicated"),
        },
        physician_from=2,
        is_expected_up_to=1,
        history=("local_infection",),
        history_label=N_("Folliculitis after treatment"),
        advice=(N_("On the scalp the grade stays 1: judge by the treatment it needs."),),
    ),
    Term(
        kind=Kind.ABSCESS,
        name=N_("Abscess"),
        term="Skin infection (10040872), drained",
        grades={3: N_("Invasive intervention indicated"), 4: _LIFE, 5: _DEATH},
        physician_from=1,
        quarantines_lot=True,
        history=("local_infection", "abscess_hx"),
        history_label=N_("Abscess after treatment"),
    ),
    Term(
        kind=Kind.SUSPECTED_NTM,
        name=N_("Late nodules or drainage (mycobacteria suspected)"),
        term="Skin infection (10040872)",
        grades={
            2: N_("Oral intervention indicated"),
            3: N_("Intravenous or invasive intervention indicated"),
            4: _LIFE,
            5: _DEATH,
        },
        physician_from=1,
        quarantines_lot=True,
        history=("mycobacterial_infection",),
        history_label=N_("Mycobacterial infection suspected"),
        advice=(N_("Culture for mycobacteria; trace everybody treated from the same lot."),),
    ),
    Term(
        kind=Kind.NECROSIS,
        name=N_("Skin dying off (white, blue or black skin)"),
        term="Injection site reaction (10022095)",
        grades={3: N_("Ulceration or necrosis; severe tissue damage"), 4: _LIFE, 5: _DEATH},
        physician_from=1,
        is_emergency=True,
        history=("necrosis_hx",),
        history_of=Scope.ZONE,
        history_label=N_("Skin died off after treatment"),
    ),
    Term(
        kind=Kind.SHEDDING,
        name=N_("More hair falling out"),
        term="Alopecia (10001760)",
        grades={
            1: N_("Hair loss of less than 50 %, not obvious from a distance"),
            2: N_("Hair loss of 50 % or more, obvious to others"),
        },
        physician_from=2,
        is_expected_up_to=1,
    ),
    Term(
        kind=Kind.PARADOX_ALOPECIA,
        name=N_("Bald patches at injection points"),
        term="Alopecia (10001760)",
        grades={
            1: N_("Hair loss of less than 50 %, not obvious from a distance"),
            2: N_("Hair loss of 50 % or more, obvious to others"),
        },
        physician_from=1,
        history=("paradox_hx",),
        history_off_list=("paradox_product_hx",),
        history_of=Scope.INGREDIENT,
        is_allergy=True,
        history_label=N_("Bald patches at injection points after treatment"),
    ),
    Term(
        kind=Kind.GRANULOMA,
        name=N_("Lumps (granuloma)"),
        term="Skin disorders - Other, specify (10040785)",
        grades=_ADL,
        physician_from=1,
        history=("granuloma_hx",),
        history_label=N_("Granuloma after treatment"),
    ),
    Term(
        kind=Kind.SYSTEMIC_DRUG,
        name=N_("Effect of a drug on the body: low pressure, palpitations"),
        term="Other, specify",
        grades={**_ADL, 4: _LIFE, 5: _DEATH},
        physician_from=2,
        history=("drug_effect",),
        history_of=Scope.INGREDIENT,
        history_label=N_("Effect of a drug on the body after treatment"),
    ),
    Term(
        kind=Kind.LA_TOXICITY,
        name=N_("Poisoning by local anaesthetic"),
        term="Other, specify",
        grades={3: _ADL[3], 4: _LIFE, 5: _DEATH},
        history=("other_allergy",),
        history_label=N_("Poisoning by local anaesthetic"),
        history_of=Scope.INGREDIENT,
        is_allergy=True,
        agents=frozenset({"lidocaine", "procaine"}),
        physician_from=1,
        is_emergency=True,
    ),
    Term(
        kind=Kind.EXPOSURE_MIXUP,
        name=N_("Wrong patient's product or a needle used twice"),
        term="not a CTCAE term",
        grades={1: N_("No symptoms yet"), 4: _LIFE, 5: _DEATH},
        physician_from=1,
        is_emergency=True,
    ),
)
TERMS: dict[Kind, Term] = {term.kind: term for term in _TERMS}
AT_ONCE = (
    Kind.VASOVAGAL,
    Kind.DIZZY,
    Kind.ALLERGIC,
    Kind.ANAPHYLAXIS,
    Kind.LA_TOXICITY,
    Kind.SYSTEMIC_DRUG,
    Kind.NECROSIS,
    Kind.HAEMATOMA,
    Kind.EXPOSURE_MIXUP,
    Kind.INJECTION_SITE,
)
"""What begins within the hour (clinical.md 5, column onset); everything else is reported later."""

RED_FLAGS: dict[str, str] = {
    "breathing": N_("Trouble breathing, swollen tongue or lips, hives all over, collapse"),
    "vision": N_("Loss of vision or double vision"),
    "skin_colour": N_("White, blue or black skin"),
    "fever_pain": N_("Fever of 38 °C or more with scalp pain"),
    "pus": N_("Pus, or redness that spreads"),
    "pain_rising": N_("Pain that rises after day 3"),
    "late_lumps": N_("New lumps after day 14"),
    "neck": N_("Stiff neck or the worst headache ever"),
    "face": N_("Weakness or numbness of the face"),
    "bleeding": N_("Bleeding that does not stop after 15 minutes of pressure"),
    "chest": N_("Chest pain or palpitations after minoxidil"),
    "eye_shut": N_("Eye swollen shut"),
    "mixup": N_("Possibly another patient's product"),
}
"""Any one of these needs a physician the same day (clinical.md 5, design default)."""
EMERGENCY_FLAGS = frozenset({"breathing", "vision", "skin_colour"})
