"""The one query behind the history frame, for both back ends. Builds the statement; does not run it.

Every arm of the union starts from `known`: each moment asked about, with the lead's version of that moment. A lead that
was not there yet has no row in `known`, so it has none in the result.
"""

from typing import Any

import polars as pl
from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    DateTime,
    Float,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    extract,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)

from domain.outreach import SendStatus
from records.nudge_results import action_sent, sends_with_decision
from records.tables import assignments, consents, interactions, lead_versions, nudge_results, outcomes, sends

MOMENTS = "moments"
"""Name of the parameter: what `encoded` returns."""

_Columns = dict[str, ColumnElement[Any]]


def history_query(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    """Build the query for everything known about leads before moments.

    Args:
        dialect: `sqlite` or `postgresql`.

    Returns:
        A statement over the parameter `MOMENTS`, whose columns are those of the history frame; moments come as
        microseconds since 1970. Rows are in no order.
    """
    known = _known(dialect)
    return union_all(
        *(arm(known, dialect) for arm in (_leads, _interactions, _assignments, _outcomes, _consents, _nudges))
    )


def encoded(moments: pl.DataFrame, dialect: str) -> str:
    """Write moments as the one parameter of the query: a JSON array of `{"lead_id": …, "as_of": …}`.

    Args:
        moments: Columns `lead_id` and `as_of`, in UTC to the microsecond.
        dialect: `sqlite`, which compares moments as numbers, or `postgresql`, which reads them as text.
    """
    as_of = pl.col("as_of")
    as_of = as_of.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") if dialect == "postgresql" else as_of.to_physical()
    return moments.with_columns(as_of).write_json()


def _known(dialect: str) -> CTE:
    asked = _asked(dialect).cte("asked")
    return (
        select(asked.c.lead_id, asked.c.as_of, func.max(lead_versions.c.version).label("version"))
        .join(lead_versions, and_(lead_versions.c.id == asked.c.lead_id, lead_versions.c.known_from <= asked.c.as_of))
        .group_by(asked.c.lead_id, asked.c.as_of)
        .cte("known")
    )


def _asked(dialect: str) -> Select[*tuple[Any, ...]]:
    if dialect == "postgresql":
        parameter = cast(bindparam(MOMENTS, type_=Text), JSON)
        typed = (column("lead_id", Text), column("as_of", DateTime(timezone=True)))
        rows = func.json_to_recordset(parameter).table_valued(*typed).render_derived(name="rows", with_types=True)
        return select(rows.c.lead_id, rows.c.as_of)
    rows = func.json_each(bindparam(MOMENTS, type_=Text)).table_valued("value")
    lead_id, as_of = (func.json_extract(rows.c.value, f"$.{name}") for name in ("lead_id", "as_of"))
    return select(type_coerce(lead_id, Text).label("lead_id"), type_coerce(as_of, BigInteger).label("as_of"))


def _leads(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    version = lead_versions.c
    source = known.join(lead_versions, and_(version.id == known.c.lead_id, version.version == known.c.version))
    details = _object(
        dialect,
        {
            "market": version.market,
            "region": version.region,
            "language": version.language,
            "timezone": version.timezone,
            "company": version.company,
            "fields": version.fields if dialect == "postgresql" else func.json(version.fields, type_=JSON),
            "has_email": _truth(dialect, version.email.is_not(None)),
            "has_phone": _truth(dialect, version.phone.is_not(None)),
        },
    )
    columns: _Columns = {"kind": version.source, "product_id": version.product_id, "payload": details}
    return _arm(known, source, "lead", version.id, version.created_at, columns, dialect)


def _interactions(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    said = interactions.c
    columns: _Columns = {
        "kind": said.kind,
        "channel": said.channel,
        "rep_id": said.rep_id,
        "product_id": said.product_id,
        "value": said.duration_s,
        "payload": _text_and_attributes(dialect),
    }
    return _arm(known, _before(known, interactions), "interaction", said.id, said.at, columns, dialect)


def _assignments(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    given = assignments.c
    columns: _Columns = {"kind": given.by, "rep_id": given.rep_id}
    return _arm(known, _before(known, assignments), "assignment", given.id, given.at, columns, dialect)


def _outcomes(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    end = outcomes.c
    columns: _Columns = {"kind": end.kind, "rep_id": end.rep_id, "product_id": end.product_id, "value": end.value}
    return _arm(known, _before(known, outcomes), "outcome", end.fingerprint, end.at, columns, dialect)


def _consents(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    event = consents.c
    columns: _Columns = {"kind": case((event.granted, "granted"), else_="withdrawn"), "channel": event.channel}
    return _arm(known, _before(known, consents), "consent", event.id, event.at, columns, dialect)


def _nudges(known: CTE, dialect: str) -> Select[*tuple[Any, ...]]:
    """One row per message sent; `value` is 1 or 0 once it was known whether the lead replied."""
    message = sends.c
    result = and_(nudge_results.c.decision_id == message.decision_id, nudge_results.c.at < known.c.as_of)
    source = known.join(
        sends_with_decision, and_(message.lead_id == known.c.lead_id, message.at < known.c.as_of)
    ).outerjoin(nudge_results, result)
    columns: _Columns = {
        "kind": action_sent,
        "channel": message.channel,
        "value": case((nudge_results.c.replied, 1.0), (nudge_results.c.replied.is_(False), 0.0)),
    }
    arm = _arm(known, source, "nudge", message.key, message.at, columns, dialect)
    return arm.where(message.status == SendStatus.SENT.value)


def _before(known: CTE, log: Table) -> FromClause:
    return known.join(log, and_(log.c.lead_id == known.c.lead_id, log.c.at < known.c.as_of))


def _arm(
    known: CTE,
    source: FromClause,
    record: str,
    id_: ColumnElement[Any],
    at: ColumnElement[Any],
    columns: _Columns,
    dialect: str,
) -> Select[*tuple[Any, ...]]:
    def of(name: str, type_: Any) -> ColumnElement[Any]:
        return cast(null(), type_) if name not in columns else columns[name]

    return select(
        known.c.lead_id,
        micros(dialect, known.c.as_of).label("as_of"),
        literal(record).label("record"),
        id_.label("id"),
        micros(dialect, at).label("at"),
        *(of(name, Text).label(name) for name in ("kind", "channel", "rep_id", "product_id")),
        of("value", Float).label("value"),
        type_coerce(of("payload", Text), Text).label("payload"),
    ).select_from(source)


def micros(dialect: str, at: ColumnElement[Any]) -> ColumnElement[int]:
    """Read a moment as microseconds since 1970: two datetimes for each of a million rows would cost seconds."""
    if dialect == "postgresql":
        return cast(extract("epoch", at) * 1_000_000, BigInteger)
    return type_coerce(at, BigInteger)


def _object(dialect: str, items: _Columns) -> ColumnElement[Any]:
    pairs = [part for key, value in items.items() for part in (literal(key), value)]
    if dialect == "postgresql":
        return cast(func.json_build_object(*pairs), Text)
    return func.json_object(*pairs)


def _truth(dialect: str, fact: ColumnElement[bool]) -> ColumnElement[Any]:
    """Write a fact as a JSON boolean; to SQLite it is a number otherwise."""
    return fact if dialect == "postgresql" else func.json(case((fact, "true"), else_="false"))


def _text_and_attributes(dialect: str) -> ColumnElement[Any]:
    """Splice `{"text": …, **attributes}` as text, null when there is neither. The column is compact JSON."""
    attributes: ColumnElement[str]
    text: ColumnElement[str]
    if dialect == "postgresql":
        attributes, text = cast(interactions.c.attributes, Text), cast(func.to_json(interactions.c.text), Text)
    else:
        attributes, text = type_coerce(interactions.c.attributes, Text), func.json_quote(interactions.c.text)
    silent, bare = interactions.c.text.is_(None), attributes == "{}"
    opening = literal('{"text":') + text
    return case(
        (and_(silent, bare), null()),
        (silent, attributes),
        (bare, opening + "}"),
        else_=opening + "," + func.substr(attributes, 2),
    )
