import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.people import Lead, Provenance
from records.rows import fingerprint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS = st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.text(max_size=5), st.floats(0, 9), st.booleans()))


def a_lead(fields=None, *, noted=NOON, basis="consent") -> Lead:
    provenance = Provenance(source="form", recorded_at=noted, recorded_by="web", basis=basis)
    return Lead(id="l", market="m", created_at=NOON, source="web", fields=fields or {}, provenance={"*": provenance})


@settings(max_examples=50)
@given(FIELDS)
def test_the_order_of_fields_says_nothing(fields):
    turned = dict(reversed(fields.items()))
    assert fingerprint(a_lead(turned)) == fingerprint(a_lead(fields))


@settings(max_examples=50)
@given(FIELDS, FIELDS)
def test_leads_have_one_fingerprint_exactly_when_they_say_the_same(one, other):
    said = [json.dumps(a_lead(fields).model_dump(mode="json"), sort_keys=True) for fields in (one, other)]
    assert (fingerprint(a_lead(one)) == fingerprint(a_lead(other))) == (said[0] == said[1])


def test_when_a_field_was_noted_is_no_news_but_its_basis_is():
    first = fingerprint(a_lead())
    assert fingerprint(a_lead(noted=NOON + timedelta(days=1))) == first
    assert fingerprint(a_lead(basis="contract")) != first
