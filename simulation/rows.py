"""Turns rows of a floor's frames into domain values. The frames' column names are the fields' names."""

import json
from collections.abc import Mapping
from typing import Any

from domain.events import ConsentEvent, Interaction, Outcome
from domain.matches import AssignmentRecord
from domain.people import Lead, Product, Rep
from simulation.frames import REP_LISTS

Row = Mapping[str, Any]
_FIELD_PREFIX = "fields."


def lead_of(row: Row) -> Lead:
    """Return a lead; market fields that were not measured are left out."""
    plain = {name: value for name, value in row.items() if not name.startswith(_FIELD_PREFIX)}
    fields = {
        name.removeprefix(_FIELD_PREFIX): value
        for name, value in row.items()
        if name.startswith(_FIELD_PREFIX) and value is not None
    }
    return Lead.model_validate(plain | {"fields": fields})


def rep_of(row: Row) -> Rep:
    """Return a rep."""
    lists = {name: json.loads(row[name]) for name in REP_LISTS}
    return Rep.model_validate(dict(row) | lists)


def product_of(row: Row) -> Product:
    """Return a product."""
    return Product.model_validate(dict(row))


def interaction_of(row: Row) -> Interaction:
    """Return an interaction."""
    return Interaction.model_validate(dict(row) | {"attributes": json.loads(row["attributes"] or "{}")})


def outcome_of(row: Row) -> Outcome:
    """Return an outcome."""
    return Outcome.model_validate(dict(row))


def consent_of(row: Row) -> ConsentEvent:
    """Return a grant or a withdrawal."""
    return ConsentEvent.model_validate(dict(row))


def assignment_of(row: Row) -> AssignmentRecord:
    """Return an assignment."""
    return AssignmentRecord.model_validate(dict(row))
