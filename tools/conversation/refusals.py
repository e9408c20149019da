"""Opt-outs and out-of-office notes, found by patterns in several languages. Pure.

An opt-out that is missed breaks the law; one found in error costs a message. The patterns lean that way.
"""

import re
from datetime import UTC, datetime, timedelta

_OPT_OUT = re.compile(
    r"""
    ^\s*(stop|stopall|quit|end|cancel|unsubscribe|baja|alto|parar)\s*[.!]*\s*$
    | \bunsubscribe\b | \bopt(ing|ed)?[\s-]*out\b
    | \b(stop|quit|cease)\s+(\w+\s+){0,2}?(e-?mailing|mailing|texting|calling|messaging|contacting|writing|sending|bothering|spamming)
    | \b(remove|take|delete|drop)\s+(me|us|my\s+(name|number|e-?mail|address|data))\b[^.?!]{0,40}
      \b(off|from|list|lists|database|system|data|records)\b
    | \bdelete\s+(all\s+)?my\s+(personal\s+)?(data|information|details)
    | \b(do\s*n[o']?t|never|no\s+longer)\s+(want\s+to\s+(receive|get|hear)|(ever\s+)?(contact|call|e-?mail|text|message|write)\b)
    | \bno\s+more\s+(e-?mails?|texts?|calls?|messages?)\b
    | \bleave\s+(me|us)\s+alone\b
    | \bwithdraw\s+(my\s+)?consent\b
    | \b(dar(me|nos)?|dame|denme|deme|d[eé]n?me)\s+de\s+baja\b | \bcancelar\s+(mi\s+)?suscripci[oó]n\b
    | \bno\s+(me|nos)\s+(escriban?|llamen?|contacten?|manden?|env[ií]en?|molesten?)\b
    | \bno\s+(quiero|deseo|queremos|deseamos)\s+(recibir|que\s+me)\b | \bdej(en|e|a|ad)\s+de\s+(escribir|llamar|molestar|enviar|mandar|contactar)
    | \b(borren?|eliminen?)\s+mis\s+datos\b | \bqu[ií]t(en|e|a)me\s+de\b
    | \b(d[eé]sinscri(re|vez)|d[eé]sabonner) | \bne\s+m.(appelez|[eé]crivez|contactez)\s+plus\b
    | \b(abmelden|austragen)\b | \bkeine\s+(weiteren\s+)?(e-?mails|nachrichten|anrufe)\b
    | \bcancelar\s+inscri[cç][aã]o\b | \bn[aã]o\s+(me\s+)?(envie|mande|ligue|contate)\w*\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
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
    return _OPT_OUT.search(text) is not None


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
