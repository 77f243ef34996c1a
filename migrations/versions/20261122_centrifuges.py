"""The rotor and the service of a centrifuge, and what its spins and the blood counts lacked.

Nobody has written any of it before: all of it begins empty. On SQLite the tables of a session that
are made anew get their guards again.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_centrifuges"
down_revision = "20261122_texts_of_services"
branch_labels = None
depends_on = None

_PREPARED = (
    ("centrifuge_due_on", sa.Date),
    ("base_neutrophils_e6l", sa.Integer),
    ("base_haemoglobin_mgdl", sa.Integer),
    ("prp_neutrophils_e6l", sa.Integer),
)
_SPUN = (("temperature_c", sa.SmallInteger), ("brake", sa.String(32)))
_OF_DEVICES = (("radius_mm", sa.SmallInteger), ("service_due_on", sa.Date))
_CHECKS = {
    "prp_preparation": {
        "base_neutrophils": "base_neutrophils_e6l BETWEEN 0 AND 500000",
        "base_haemoglobin": "base_haemoglobin_mgdl BETWEEN 3000 AND 25000",
        "prp_neutrophils": "prp_neutrophils_e6l BETWEEN 0 AND 500000",
    },
    "prp_spin": {
        "temperature": "temperature_c BETWEEN 0 AND 40",
        "known_brake": "brake IN ('off', 'soft', 'full')",
    },
    "resource": {"radius": "radius_mm BETWEEN 40 AND 250"},
}
_COLUMNS = {"prp_preparation": _PREPARED, "prp_spin": _SPUN, "resource": _OF_DEVICES}
_SIGNED = """CREATE TRIGGER trg_{t}_signed_{v} BEFORE {V} ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id {whose} AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END"""
_WHOSE = {
    "INSERT": "= NEW.session_id",
    "UPDATE": "IN (OLD.session_id, NEW.session_id)",
    "DELETE": "= OLD.session_id",
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name, kind in columns:
                batch.add_column(sa.Column(name, kind))
            for name, text in _CHECKS[table].items():
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), text)
    _guard()


def downgrade() -> None:
    filled = " UNION ALL ".join(
        f"SELECT 1 FROM {table} WHERE "
        + " OR ".join(f"{name} IS NOT NULL" for name, _kind in columns)
        for table, columns in _COLUMNS.items()
    )
    signed = "SELECT 1 FROM treatment_session WHERE content_format > 2"
    if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM ({filled} UNION ALL {signed}) AS x")):
        raise RuntimeError(
            "Rotors, services, spins or counts were written, or a session was signed: this step back"
            " would lose them. Restore the backup that was made before the upgrade."
        )
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in _CHECKS[table]:
                batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            for name, _kind in columns:
                batch.drop_column(name)
    _guard()


def _guard() -> None:
    """Give the tables of a session their guards again where they were made anew."""
    if op.get_context().dialect.name != "sqlite":
        return
    for table in ("prp_preparation", "prp_spin"):
        for verb, whose in _WHOSE.items():
            op.execute(_SIGNED.format(t=table, v=verb.lower(), V=verb, whose=whose))
