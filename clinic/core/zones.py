"""The ten zones of the scalp that an injection, a finding or a side effect can name.

Left and right are always the patient's own (clinical.md section 4, a design default: there is
no official list).
"""

from enum import StrEnum

from clinic.core.text import N_


class Zone(StrEnum):
    """One zone of the scalp."""

    FRONTAL_HAIRLINE = "frontal_hairline"
    FRONTOTEMPORAL_L = "frontotemporal_l"
    FRONTOTEMPORAL_R = "frontotemporal_r"
    MIDSCALP = "midscalp"
    VERTEX = "vertex"
    PARIETAL_L = "parietal_l"
    PARIETAL_R = "parietal_r"
    TEMPORAL_L = "temporal_l"
    TEMPORAL_R = "temporal_r"
    OCCIPITAL = "occipital"


ZONE_NAMES: dict[Zone, str] = {
    Zone.FRONTAL_HAIRLINE: N_("Frontal hairline"),
    Zone.FRONTOTEMPORAL_L: N_("Left frontotemporal"),
    Zone.FRONTOTEMPORAL_R: N_("Right frontotemporal"),
    Zone.MIDSCALP: N_("Mid-scalp"),
    Zone.VERTEX: N_("Vertex"),
    Zone.PARIETAL_L: N_("Left parietal"),
    Zone.PARIETAL_R: N_("Right parietal"),
    Zone.TEMPORAL_L: N_("Left temporal"),
    Zone.TEMPORAL_R: N_("Right temporal"),
    Zone.OCCIPITAL: N_("Occipital"),
}
