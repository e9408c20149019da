"""Checks and normalises addresses and telephone numbers by their form. Asks no server whether they exist."""

import polars as pl
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

from records.importing.cleaning import Cleaned, Finding, clean_each

_PLAIN_ADDRESS = r"^[a-z0-9_]+([.+-][a-z0-9_]+)*@([a-z0-9]{2,40}(-[a-z0-9]+)*\.)+(com|net|org|edu|gov|io|co|example)$"
"""Addresses that certainly have the right form: most of a file, and checked a hundred times faster."""
_LONGEST_LOCAL_PART = 64  # RFC 5321; here of the whole plain address


def clean_email(raw: pl.Series) -> Cleaned:
    """Read e-mail addresses. One that breaks the rules of addresses is dropped, not its row."""
    plain = (raw.str.contains(_PLAIN_ADDRESS) & (raw.str.len_chars() <= _LONGEST_LOCAL_PART)).fill_null(value=False)
    others = clean_each(raw.set(plain, None), _email, dtype=pl.String(), soft=True)
    return Cleaned(others.values.fill_null(raw.set(~plain, None)), notes=others.notes)


def clean_phone(raw: pl.Series, region: str | None) -> Cleaned:
    """Read telephone numbers into E.164 where their country is known; elsewhere they stay as written, with a note.

    A number of an impossible length is dropped, not its row. Number ranges are not checked: they change, and the
    library's lists with them.
    """
    unplaced = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(raw))
    if region is None:
        unplaced = (~raw.str.starts_with("+")).fill_null(value=False)
    numbers = clean_each(raw.set(unplaced, None), lambda text: _phone(text, region), dtype=pl.String(), soft=True)
    kept = Finding(unplaced, "names no country; kept as written: set phone_region in the mapping")
    return Cleaned(numbers.values.fill_null(raw.set(~unplaced, None)), notes=(*numbers.notes, kept))


def _email(text: str) -> str:
    try:
        # The form is what counts here, so that a file of test data imports as well.
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("is no e-mail address; dropped") from error
    return found.normalized


def _phone(text: str, region: str | None) -> str:
    try:
        number = parse(text, region)
    except NumberParseException as error:
        raise ValueError("is no telephone number; dropped") from error
    if not is_possible_number(number):
        raise ValueError("has too few or too many digits for its country; dropped")
    return format_number(number, PhoneNumberFormat.E164)
