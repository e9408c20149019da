"""Opt-outs and out-of-office notes, found by patterns in several languages. Pure.

An opt-out that is missed breaks the law; one found in error costs a message. The patterns lean that way.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from tools.conversation.refusal_patterns import COMMAND, OPT_OUT

_SENTENCE_END = re.compile(r"[.!?\n]+")
_WORD = re.compile(r"[a-z]+")
_ABBREVIATIONS = {
    "ur": "your", "u": "you", "txt": "text", "txts": "texts", "msg": "message", "msgs": "messages", "pls": "please",
    "plz": "please", "dont": "don't", "wont": "won't", "cant": "can't", "didnt": "didn't", "im": "i'm", "tho": "though", "frm": "from",
}  # fmt: skip
_OFTEN_MISSPELT = (
    "stop", "again", "email", "emails", "text", "texting", "call", "calling", "contact", "contacting", "contacted",
    "remove", "message", "messages", "messaging", "unsubscribe", "address", "number", "please", "database", "delete",
    "receive", "longer", "anymore", "permission", "consent",
)  # fmt: skip
_MIN_LOSSY = 6
"""Letters that a word needs before one of them may be missing: shorter words become other words too easily."""


def _slips() -> dict[str, str]:
    """Return the slips of the words that refusals are made of: two letters swapped, or one letter of a long word lost."""
    slips = dict(_ABBREVIATIONS)
    for word in _OFTEN_MISSPELT:
        for i in range(len(word) - 1):
            slips.setdefault(word[:i] + word[i + 1] + word[i] + word[i + 2 :], word)
        for i in range(len(word) if len(word) >= _MIN_LOSSY else 0):
            slips.setdefault(word[:i] + word[i + 1 :], word)
    return {slip: word for slip, word in slips.items() if slip not in _OFTEN_MISSPELT}


_SLIPS = _slips()
_AWAY = re.compile(
    r"""
    \b(out\s+of\s+(the\s+)?office|ooo)\b | \bauto(matic)?[\s-]*(reply|response)\b
    | \b(i\s*am|i'm)\s+(currently\s+|now\s+)?(away|on\s+(\w+\s+)?(vacation|holiday|leave|pto))\b
    | \bon\s+(annual|parental|maternity|paternity|sick)\s+leave\b | \blimited\s+access\s+to\s+(my\s+)?e-?mail\b
    | \bfuera\s+de\s+(la\s+)?oficina\b | \brespuesta\s+autom[aá]tica\b | \bestoy\s+de\s+(vacaciones|baja)\b
    | \babwesenheit | \bnicht\s+im\s+b[uü]ro\b | \babsence\s+du\s+bureau\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "enero", "jan", "ene"),
            ("february", "febrero", "feb"),
            ("march", "marzo", "mar"),
            ("april", "abril", "apr", "abr"),
            ("may", "mayo"),
            ("june", "junio", "jun"),
            ("july", "julio", "jul"),
            ("august", "agosto", "aug", "ago"),
            ("september", "septiembre", "sep", "sept"),
            ("october", "octubre", "oct"),
            ("november", "noviembre", "nov"),
            ("december", "diciembre", "dec", "dic"),
        ),
        start=1,
    )
    for name in names
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "lunes"),
            ("tuesday", "martes"),
            ("wednesday", "miércoles", "miercoles"),
            ("thursday", "jueves"),
            ("friday", "viernes"),
            ("saturday", "sábado", "sabado"),
            ("sunday", "domingo"),
        )
    )
    for name in names
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_RETURN = re.compile(
    rf"""
    \b(?:until|till|back(?:\s+in\s+the\s+office)?(?:\s+on)?|return(?:ing)?(?:\s+on)?|hasta(?:\s+el)?|regreso\s+el|vuelvo\s+el)\s+
    (?:the\s+|on\s+|el\s+)?
    (?:
        (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})
      | (?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?
      | (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+|de\s+)?(?P<m2>{_MONTH})
      | (?P<weekday>{"|".join(_WEEKDAYS)})
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DEFAULT_ABSENCE = timedelta(days=7)


def is_opt_out(text: str) -> bool:
    """Say whether the writer wants no more messages, in English, Spanish, French, German or Portuguese."""
    tidied = _tidied(text)
    return OPT_OUT.search(tidied) is not None or any(
        COMMAND.fullmatch(sentence.strip(" ,;:-")) for sentence in _SENTENCE_END.split(tidied)
    )


def _tidied(text: str) -> str:
    """Lower-case a text, drop accents, unify spellings and mend the commonest slips."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = re.sub(r"\be-mail", "email", plain)
    plain = re.sub(r"([a-z])\1{2,}", r"\1", plain)
    return _WORD.sub(lambda found: _SLIPS.get(found[0], found[0]), plain)


def out_of_office_until(text: str, *, now: datetime) -> datetime | None:
    """Read when an absent writer is back.

    Args:
        text: The message.
        now: When it was written; dates without a year are the next such date.

    Returns:
        Midnight UTC of the day of return; a week from `now` when no date is named; None when the text is no
        absence note.
    """
    if _AWAY.search(text) is None:
        return None
    found = _RETURN.search(text)
    return (_next_date(found, now) if found else None) or now + _DEFAULT_ABSENCE


def _next_date(found: re.Match[str], now: datetime) -> datetime | None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if found["weekday"]:
        ahead = (_WEEKDAYS[found["weekday"].lower()] - midnight.weekday() - 1) % 7 + 1
        return midnight + timedelta(days=ahead)
    try:
        if found["iso"]:
            date = datetime.strptime(found["iso"], "%Y-%m-%d").replace(tzinfo=UTC)
        else:
            month = _MONTHS[(found["m1"] or found["m2"]).lower()]
            date = midnight.replace(month=month, day=int(found["d1"] or found["d2"]))
            date = date if date >= midnight else date.replace(year=date.year + 1)
    except ValueError:  # a day that the month does not have
        return None
    return date if date > now else None
