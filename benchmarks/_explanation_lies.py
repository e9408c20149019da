"""Tells scores truthfully and falsely: renders paraphrases, and seeds one lie of a known kind into a text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks._explanation_paraphrases import Template, Voice
from domain.scores import LeadScore
from tools.scoring.explaining.facts import Presence, facts_of
from tools.scoring.explaining.wording import label_of, say_value
from tools.scoring.features import FEATURES, Unit, describe

Rng = np.random.Generator

_CHOICE = re.compile(r"\[([^|\]]*)\|([^\]]*)\](\d)")
_GAP = 1.0


@dataclass(frozen=True)
class Told:
    """A fact as it will be told: name, value, whether it is there, and the points it is given."""

    label: str
    unit: Unit
    said: str
    presence: Presence
    points: float


def facts_to_tell(score: LeadScore, values: dict[str, object]) -> list[Told]:
    """Return the reasons of a score, strongest first, ready to be told in other words."""
    facts = facts_of(score)
    told = []
    for fact in facts.reasons:
        feature = describe(fact.reason.feature)
        said = say_value(feature, values.get(feature.name))
        told.append(Told(label_of(feature), _unit(feature.unit, said), said, fact.presence, fact.points))
    return told


def _unit(unit: Unit, said: str) -> Unit:
    return Unit.FLAG if said in ("yes", "no") else unit


def render(template: Template, voice: Voice, told: Sequence[Told], p: float, rng: Rng, **marks: object) -> str:
    """Fill a template. `marks` replace whole slots, such as `F1`."""
    slots: dict[str, object] = {"P": _percent(p), "S": f"{100 * p:.0f}"}
    for k, fact in enumerate(told, start=1):
        size = abs(fact.points)
        slots[f"F{k}"] = phrase(fact, voice, rng)
        slots[f"A{k}"] = f"{size:.0f}" if size >= 1 else f"{size:.1f}"
        slots[f"G{k}"] = f"{fact.points:+.0f}" if size >= 1 else f"{fact.points:+.1f}"
    slots |= marks
    text = _CHOICE.sub(lambda m: m.group(1) if told[int(m.group(3)) - 1].points > 0 else m.group(2), template.text)
    text = text.format(**slots)
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def phrase(fact: Told, voice: Voice, rng: Rng) -> str:
    """Say a fact in one of a voice's ways."""
    label = fact.label
    for name, synonym in voice.synonyms.items():
        if label.startswith(name) and rng.random() < 0.5:  # noqa: PLR2004 - every other time
            label = synonym + label.removeprefix(name)
    if fact.presence is Presence.UNKNOWN:
        forms: Sequence[str] = voice.unknown
    elif fact.unit is Unit.FLAG:
        forms = voice.yes if fact.presence is Presence.PRESENT else voice.no
    elif fact.presence is Presence.ABSENT:
        forms = voice.none
    elif fact.unit is Unit.DAYS and label.startswith(("last", "lead")):
        forms = voice.days if fact.said != "less than a day" else ("{label} today",)
    elif fact.unit is Unit.COUNT:
        forms = voice.some
    elif fact.unit is Unit.CATEGORY:
        forms = voice.level
    else:
        forms = voice.number
    return str(rng.choice(np.array(forms))).format(label=label, n=fact.said)


def _percent(p: float) -> str:
    return f"{100 * p:.1f} %" if p < 0.0995 else f"{100 * p:.0f} %"  # noqa: PLR2004 - where a decimal is shown


# -- lies --------------------------------------------------------------------------------------------------------

Lie = Callable[[Template, Voice, list[Told], float, Rng], str | None]


def _pick(template: Template, rng: Rng, pattern: str) -> int | None:
    """Choose one of the reasons that a template says something about."""
    found = sorted({int(k) for k in re.findall(pattern, template.text)})
    return int(rng.choice(found)) - 1 if found else None


def _with(told: list[Told], k: int, fact: Told) -> list[Told]:
    return [fact if i == k else one for i, one in enumerate(told)]


def flip_sign(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Say that a reason raises what it lowers, or the other way round."""
    k = _pick(template, rng, r"(?:\]|\{G)(\d)")
    return (
        None if k is None else render(template, voice, _with(told, k, replace(told[k], points=-told[k].points)), p, rng)
    )


def swap_order(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Give the first place to a weaker reason of the same direction."""
    weaker = [k for k in range(1, len(told)) if told[k].points * told[0].points > 0]
    weaker = [k for k in weaker if abs(told[0].points) - abs(told[k].points) >= _GAP]
    if not template.ranked or not weaker:
        return None
    k = weaker[0]
    swapped = [told[k], told[0], *(fact for i, fact in enumerate(told) if i not in (0, k))]
    return render(template, voice, swapped, p, rng)


def change_points(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Give a reason other points."""
    k = _pick(template, rng, r"\{[AG](\d)")
    if k is None:
        return None
    size = abs(told[k].points) * rng.uniform(1.5, 3.0) + 1
    return render(
        template, voice, _with(told, k, replace(told[k], points=float(np.sign(told[k].points) * size))), p, rng
    )


def change_value(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Give a fact another number."""
    k = _pick(template, rng, r"\{F(\d)")
    if k is None:
        return None
    fact = told[k]
    number = re.match(r"[+-]?(\d[\d,]*(?:\.\d+)?)", fact.said)
    if number is None or fact.presence is not Presence.PRESENT:
        return None
    value = float(number.group(1).replace(",", ""))
    other = round(value * rng.uniform(1.6, 4.0)) + 2
    said = fact.said[: number.start(1)] + f"{other:,}" + fact.said[number.end(1) :]
    return render(template, voice, _with(told, k, replace(fact, said=said.replace("1 day", "day"))), p, rng)


def swap_feature(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Put a fact of the table that is no reason in the place of one that is."""
    k = _pick(template, rng, r"\{F(\d)")
    if k is None:
        return None
    stems = " ".join(fact.label for fact in told)
    others = [f for f in FEATURES if f.unit is Unit.COUNT and label_of(f).split()[0].rstrip("s") not in stems]
    feature = others[int(rng.integers(len(others)))]
    fact = Told(label_of(feature), Unit.COUNT, str(rng.integers(2, 9)), Presence.PRESENT, told[k].points)
    return render(template, voice, _with(told, k, fact), p, rng)


def cross_features(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Give two reasons each other's points."""
    n = template.n_reasons
    if n < 2 or not ("{A" in template.text or "{G" in template.text):  # noqa: PLR2004 - two to cross
        return None
    if abs(abs(told[0].points) - abs(told[1].points)) < _GAP:
        return None
    crossed = [replace(told[0], points=told[1].points), replace(told[1], points=told[0].points), *told[2:]]
    return render(template, voice, crossed, p, rng)


def invent(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Put something that nobody measured in the place of a reason."""
    k = _pick(template, rng, r"\{F(\d)")
    slot = {f"F{(k or 0) + 1}": str(rng.choice(np.array(voice.inventions)))}
    return render(template, voice, told, p, rng, **slot)


def inflate(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Raise the probability or the score."""
    if "{P}" not in template.text and "{S}" not in template.text:
        return None
    higher = min(0.98, p + rng.uniform(0.08, 0.4))
    return render(template, voice, told, higher, rng) if higher - p > 0.02 else None  # noqa: PLR2004 - beyond rounding


def change_unit(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Say the points of a reason as percent."""
    unit = str(rng.choice(np.array([" %", " percent"])))
    changed = re.sub(r"(\{[AG]\d\}) points", lambda m: m.group(1) + unit, template.text)
    return None if changed == template.text else render(replace(template, text=changed), voice, told, p, rng)


def drop_negation(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Say that something is there which is not, or the other way round."""
    k = _pick(template, rng, r"\{F(\d)")
    if k is None or told[k].presence is Presence.UNKNOWN or told[k].unit not in (Unit.COUNT, Unit.FLAG, Unit.SECONDS):
        return None
    is_there = told[k].presence is Presence.PRESENT
    said = told[k].said if is_there else "3"
    other = replace(told[k], presence=Presence.ABSENT if is_there else Presence.PRESENT, said=said)
    return render(template, voice, _with(told, k, other), p, rng)


def make_certain(template: Template, voice: Voice, told: list[Told], p: float, rng: Rng) -> str | None:
    """Add a certainty."""
    return f"{render(template, voice, told, p, rng)} {rng.choice(np.array(voice.certainty))}"


LIES: dict[str, Lie] = {
    "sign flipped": flip_sign,
    "order swapped": swap_order,
    "points changed": change_points,
    "value changed": change_value,
    "other feature": swap_feature,
    "features crossed": cross_features,
    "reason invented": invent,
    "probability inflated": inflate,
    "percent for points": change_unit,
    "negation changed": drop_negation,
    "certainty added": make_certain,
}
