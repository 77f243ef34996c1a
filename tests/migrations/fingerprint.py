"""What a database holds besides rows, as text that two ways to the same schema have in common.

Columns with type, default and collation, every constraint, index, trigger and function by its
text. Alembic's own comparison sees neither triggers nor functions nor a changed CHECK.
"""

import re

import sqlalchemy as sa

Entry = tuple[str, str, str]
"""Kind, name, normalised text."""
_OWN = "alembic_version"

_POSTGRESQL = {
    "column": """
        SELECT c.relname || '.' || a.attname,
               format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
               || coalesce(' COLLATE ' || nullif(l.collname, 'default'), '')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relnamespace = CAST('public' AS regnamespace) AND c.relkind = 'r'
          AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraint": """
        SELECT c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.connamespace = CAST('public' AS regnamespace)""",
    "index": """
        SELECT tablename || '.' || indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public'""",
    "trigger": """
        SELECT c.relname || '.' || t.tgname,
               pg_get_triggerdef(t.oid) || ' ' || CAST(t.tgenabled AS text)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = CAST('public' AS regnamespace)""",
    "function": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = CAST('public' AS regnamespace)""",
}


def fingerprint(connection: sa.Connection) -> set[Entry]:
    """Return everything the database holds besides rows and Alembic's own table."""
    if connection.dialect.name == "sqlite":
        return _of_sqlite(connection)
    found = {
        (kind, str(name), _normal(str(text)))
        for kind, query in _POSTGRESQL.items()
        for name, text in connection.execute(sa.text(query))
    }
    return {entry for entry in found if not entry[1].startswith(_OWN)}


def names(entries: set[Entry], kind: str) -> set[str]:
    """Return the names of all entries of a kind."""
    return {name for found, name, _ in entries if found == kind}


def _of_sqlite(connection: sa.Connection) -> set[Entry]:
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master"
        f" WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name <> '{_OWN}'"
    )
    found: set[Entry] = set()
    for kind, name, sql in rows:
        if kind != "table":
            found.add((kind, name, _normal(sql)))
            continue
        body, tail = sql[sql.index("(") + 1 : sql.rindex(")")], sql[sql.rindex(")") + 1 :]
        found.add(("table", name, _normal(tail)))
        found.update(("clause", name, _normal(clause)) for clause in _clauses(body))
    return found


def _clauses(body: str) -> list[str]:
    """Split a table's columns and constraints at the commas outside brackets and quotes."""
    clauses, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(body):
        if character == "'":
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif not quoted and character == "," and depth == 0:
            clauses.append(body[start:at])
            start = at + 1
    return [*clauses, body[start:]]


def _normal(sql: str) -> str:
    """Return the text with one blank for each run of white space and without quoted names."""
    return re.sub(r"\s+", " ", sql.replace('"', "")).replace("( ", "(").replace(" )", ")").strip()
