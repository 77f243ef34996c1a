"""The numbers of clinical.md 2B about blood and PRP that are not volumes, as data.

Cells in whole 10⁶/L or 10⁹/L, radius in millimetres, times in minutes.
"""

from clinic.core.text import N_
from clinic.safety.values import Confidence
from clinic.scheduling import resource_values
from clinic.treatments.rules.limits import Bound, Limit

BASE_PLATELETS = Limit(
    code="base_platelets",
    hard=Bound(5_000, 2_000_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(150_000, 450_000, "USCORE", Confidence.CONVENTION),
    hard_words=N_("Platelets of the blood: from %(least)s to %(most)s ×10⁹/L, please"),
    soft_words=N_("Platelets of the blood: %(value)s; usual are %(least)s to %(most)s ×10⁹/L"),
)
PRP_PLATELETS = Limit(
    code="prp_platelets",
    hard=Bound(50_000, 5_000_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(500_000, 2_000_000, "AGG", Confidence.CONVENTION),
    hard_words=N_("Platelets of the PRP: from %(least)s to %(most)s ×10⁹/L, please"),
    soft_words=N_("Platelets of the PRP: %(value)s; usual are %(least)s to %(most)s ×10⁹/L"),
)
LEUKOCYTES = Bound(0, 500_000, "DD", Confidence.DESIGN_DEFAULT)
"""Of neutrophils too."""
ERYTHROCYTES = Bound(0, 10_000, "DD", Confidence.DESIGN_DEFAULT)
HAEMOGLOBIN = Limit(
    code="haemoglobin",
    hard=Bound(3_000, 25_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(12_000, 17_500, "DD", Confidence.DESIGN_DEFAULT),
    hard_words=N_("Haemoglobin: from %(least)s to %(most)s g/dL, please"),
    soft_words=N_("Haemoglobin: %(value)s; usual are %(least)s to %(most)s g/dL"),
)
"""In mg/dL."""
RCF = Limit(
    code="rcf",
    hard=Bound(50, 3_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(100, 2_000, "PEREZ, JOI, AGG", Confidence.PAPER),
    hard_words=N_("Spin %(n)s: from %(least)s to %(most)s g, please"),
    soft_words=N_("Spin %(n)s: %(value)s g; usual are %(least)s to %(most)s g"),
    is_whole=True,
)
MINUTES = Limit(
    code="minutes",
    hard=Bound(1, 30, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(3, 20, "LEG, JOI", Confidence.PAPER),
    hard_words=N_("Spin %(n)s: from %(least)s to %(most)s minutes, please"),
    soft_words=N_("Spin %(n)s: %(value)s minutes; usual are %(least)s to %(most)s minutes"),
    is_whole=True,
)
RPM = Bound(300, 6_000, "DD", Confidence.DESIGN_DEFAULT)
RADIUS_MM = Bound(*resource_values.RADIUS_MM, "DD", Confidence.DESIGN_DEFAULT)
TEMPERATURE_C = Bound(0, 40, "DD", Confidence.DESIGN_DEFAULT)
FOLD = Limit(
    code="fold",
    hard=Bound(300, 15_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(2_000, 8_000, "IJCED", Confidence.CONVENTION),
    hard_words=N_(
        "The PRP holds %(value)s times the platelets of the blood: check both counts,"
        " %(least)s to %(most)s are possible"
    ),
    soft_words=N_(
        "The PRP holds %(value)s times the platelets of the blood; usual are %(least)s to %(most)s"
    ),
)
DOSE = Limit(
    code="dose",
    hard=Bound(20, 30_000, "DD", Confidence.DESIGN_DEFAULT),
    soft=Bound(500, 15_000, "DEPA", Confidence.PAPER),
    hard_words=N_(
        "That would be %(value)s billion platelets: check volume and count,"
        " %(least)s to %(most)s are possible"
    ),
    soft_words=N_("%(value)s billion platelets; usual are %(least)s to %(most)s"),
)
"""In millions of platelets."""
ACTIVATOR_UL = Bound(1, 5_000, "DD", Confidence.DESIGN_DEFAULT)
TO_INJECTION = Limit(
    code="to_injection",
    hard=Bound(0, 240, "GK", Confidence.CONVENTION),
    soft=Bound(0, 60, "DD", Confidence.DESIGN_DEFAULT),
    hard_words=N_(
        "The blood was drawn %(value)s minutes before the first point: more than %(most)s,"
        " it must not be injected"
    ),
    soft_words=N_(
        "The blood was drawn %(value)s minutes before the first point; usual are at most %(most)s"
    ),
    is_whole=True,
)
