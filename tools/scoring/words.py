"""What a text says, by words: length, questions, prices, competitors, haste; and pages about prices. Pure."""

import re

MEASURES = ("words", "questions", "price", "competitor", "urgency")
N_MEASURES = len(MEASURES)

_PRICE = (
    "price", "prices", "pricing", "cost", "costs", "budget", "discount", "fee", "fees", "expensive", "afford", "quote",
    "commission", "premium", "rate", "rates", "precio", "precios", "cuesta", "cuestan", "costo", "coste", "costos",
    "presupuesto", "descuento", "caro", "cara", "cotización", "cotizacion", "comisión", "comision", "tarifa", "tarifas",
)  # fmt: skip
_COMPETITOR = (
    "competitor", "competitors", "competition", "elsewhere", "alternative", "alternatives", "another company",
    "another offer", "another carrier", "other offer", "other offers", "other quotes", "competidor", "competidores",
    "competencia", "alternativa", "alternativas", "otra compañía", "otra empresa", "otra oferta", "otras ofertas",
    "otro proveedor", "otra aseguradora", "another contractor", "another agent", "otro agente", "otro contratista",
)  # fmt: skip
_URGENCY = (
    "urgent", "urgently", "asap", "as soon as possible", "right away", "immediately", "today", "tomorrow", "this week",
    "deadline", "hurry", "quickly", "urgente", "cuanto antes", "lo antes posible", "enseguida", "inmediatamente", "hoy",
    "mañana", "esta semana", "plazo", "rápido", "rapido",
)  # fmt: skip


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")\b")


_MENTIONS = tuple(_any_of(words) for words in (_PRICE, _COMPETITOR, _URGENCY))
PRICE_PAGE = r'"page":\s*"[^"]*(?:pric|cost|quote|plans|precio|costo|tarifa|cotiza|presupuesto|commission)'
"""In the raw payload of a page view: the page's address names prices. Read alike by Polars and by `re`."""


def measure(text: str) -> tuple[float, ...]:
    """Measure a text.

    Returns:
        In the order of `MEASURES`: number of words, number of question marks, and whether it speaks of prices, of
        another offer, and of haste (1 or 0).
    """
    lower = text.lower()
    mentions = (1.0 if pattern.search(lower) else 0.0 for pattern in _MENTIONS)
    return (float(len(lower.split())), float(lower.count("?")), *mentions)
