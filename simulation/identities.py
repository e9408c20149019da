"""Names, companies and addresses of leads, some of them recorded twice with typing errors. Invents no reachable address."""

from dataclasses import dataclass

import numpy as np

from simulation.market import MarketModel
from simulation.vectors import BoolVector, IntVector

FIRST_NAMES = [
    "Amara",
    "Ben",
    "Carla",
    "Daniel",
    "Elena",
    "Frank",
    "Grace",
    "Hugo",
    "Ines",
    "James",
    "Karen",
    "Luis",
    "Maria",
    "Nathan",
    "Olivia",
    "Pablo",
    "Quinn",
    "Rosa",
    "Samuel",
    "Teresa",
    "Umar",
    "Valeria",
    "Walter",
    "Ximena",
    "Yusuf",
    "Zoe",
    "Andre",
    "Beatriz",
    "Chloe",
    "Diego",
    "Emma",
    "Fatima",
    "George",
    "Hannah",
    "Ivan",
    "Julia",
    "Kevin",
    "Lucia",
    "Marcus",
    "Nina",
    "Oscar",
    "Priya",
    "Rafael",
    "Sofia",
    "Thomas",
    "Ursula",
    "Victor",
    "Wendy",
]
LAST_NAMES = [
    "Alvarez",
    "Baker",
    "Castillo",
    "Dawson",
    "Ellis",
    "Flores",
    "Garcia",
    "Hughes",
    "Ibarra",
    "Jensen",
    "Keller",
    "Lopez",
    "Mendoza",
    "Nguyen",
    "Owens",
    "Perez",
    "Quintero",
    "Ramirez",
    "Schmidt",
    "Torres",
    "Underwood",
    "Vargas",
    "Watson",
    "Young",
    "Zamora",
    "Abbott",
    "Bishop",
    "Chavez",
    "Delgado",
    "Erickson",
    "Fischer",
    "Gutierrez",
    "Harper",
    "Ingram",
    "Johnson",
    "Kowalski",
    "Larson",
    "Morales",
    "Norton",
    "Ortiz",
    "Patel",
    "Reyes",
    "Sanders",
    "Turner",
    "Vega",
    "Whitaker",
    "Acosta",
    "Bennett",
    "Cruz",
    "Duarte",
    "Espinoza",
    "Foster",
    "Guzman",
    "Holland",
]
_AREA_CODES = (205, 212, 214, 303, 305, 312, 404, 415, 512, 602, 615, 702, 704, 713, 720, 773, 813, 816, 832, 919, 972)
_LINES = 10_000
_MAIL_HOSTS = ("mail.example", "inbox.example", "post.example", "webmail.example")


@dataclass(frozen=True)
class Identities:
    """What leads are called and where they are reached; one entry per lead, `None` where there is none."""

    name: list[str | None]
    company: list[str | None]
    email: list[str | None]
    phone: list[str | None]

    def take(self, rows: IntVector) -> "Identities":
        """Return the entries at these indices, in this order."""
        return Identities(
            name=[self.name[row] for row in rows],
            company=[self.company[row] for row in rows],
            email=[self.email[row] for row in rows],
            phone=[self.phone[row] for row in rows],
        )


def mailbox(name: str, host: str, tag: str = "") -> str:
    """Make an address under a name's usual spelling; hosts under `.example` never exist (RFC 2606)."""
    return f"{name.lower().replace(' ', '.')}{tag}@{host}"


def draw_identities(market: MarketModel, n_leads: int, rng: np.random.Generator) -> Identities:
    """Draw distinct people. Phone numbers have the exchange 555, which is not given to subscribers."""
    first, last = rng.integers(len(FIRST_NAMES), size=n_leads), rng.integers(len(LAST_NAMES), size=n_leads)
    names = [f"{FIRST_NAMES[f]} {LAST_NAMES[s]}" for f, s in zip(first, last, strict=True)]
    words = rng.integers(len(market.company_words), size=n_leads)
    suffixes = rng.integers(len(market.company_suffixes), size=n_leads)
    has_company = rng.random(n_leads) < market.company_rate
    companies: list[str | None] = [
        f"{market.company_words[w]} {market.company_suffixes[s]}" if has else None
        for w, s, has in zip(words, suffixes, has_company, strict=True)
    ]
    tags = rng.integers(1, 100_000, size=n_leads)
    lines = rng.permutation(len(_AREA_CODES) * _LINES)[np.arange(n_leads) % (len(_AREA_CODES) * _LINES)]
    return Identities(
        name=list(names),
        company=companies,
        email=[
            mailbox(name, _host(company, int(tag)), str(tag))
            for name, company, tag in zip(names, companies, tags, strict=True)
        ],
        phone=[f"+1{_AREA_CODES[line // _LINES]}555{line % _LINES:04d}" for line in lines],
    )


def misspell(identities: Identities, duplicate: BoolVector, rng: np.random.Generator) -> Identities:
    """Record duplicates as a second form would: a letter dropped, capitals, a bare first name, no company."""
    name, company = list(identities.name), list(identities.company)
    email, phone = list(identities.email), list(identities.phone)
    for row in np.flatnonzero(duplicate):
        way, full = int(rng.integers(4)), name[row] or ""
        if way == 0 and len(full) > 4:  # noqa: PLR2004 - enough letters to drop one
            cut = int(rng.integers(1, len(full) - 1))
            name[row] = full[:cut] + full[cut + 1 :]
        elif way == 1:
            name[row], email[row] = full.upper(), (email[row] or "").upper() or None
        elif way == 2:  # noqa: PLR2004 - the third way
            name[row], company[row] = full.split(" ")[0], None
        else:
            phone[row] = None
    return Identities(name, company, email, phone)


def garble(identities: Identities, bot: BoolVector, rng: np.random.Generator) -> Identities:
    """Give bots the names and addresses that form spam has."""
    name, email = list(identities.name), list(identities.email)
    letters = np.array(list("bcdfghjklmnpqrstvwxz"))
    for row in np.flatnonzero(bot):
        name[row] = "".join(rng.choice(letters, size=9)).capitalize()
        email[row] = f"{name[row]}{int(rng.integers(1000))}@bulk.example".lower()
    return Identities(name, identities.company, email, identities.phone)


def _host(company: str | None, tag: int) -> str:
    if company is None:
        return _MAIL_HOSTS[tag % len(_MAIL_HOSTS)]
    return f"{company.lower().replace(' ', '-')}.example"
