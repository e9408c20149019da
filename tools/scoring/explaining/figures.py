"""Checks the numbers of a sentence: each must be one of the score's, in its unit and beside its fact. Pure."""

import re
from collections.abc import Iterator

from tools.scoring.explaining.claims import Mention, Number, Passage, Sentence, Unit
from tools.scoring.explaining.facts import Facts, Presence, ReasonFact, agrees, any_agrees, is_length, same_length
from tools.scoring.explaining.lexicon import LOWER, MULTIPLES, RAISE, stem
from tools.scoring.explaining.violations import Claim, Violation

_FAR_APART = 3
"""Words between a number of the score and the fact that follows it: a fact's own number stands closer."""
_NEAR = 10.0
"""How far `less than` may lie from the truth, in points."""
_SCORE_WORDS = re.compile(
    r"\b(?:score[sd]?|scoring|points? in all|out of 100|of 100|gets|lead|at|between|base|starts?|gives|sub-score|fit|engagement)\b"
)
_MOVES_BY = re.compile(
    r"\b(?:by|plus|minus|worth|costs?|costing|adds?|adding|up|down|gives?|giving|takes?|removes?|carries|brings?|earned|lost)"
    r"(?: (?:about|some|around|roughly|another|a further|nearly|almost))? ?$"
)
_STANDS_ALONE = re.compile(r"\d[\d.,]*(?<=\d)(?![.,]?\d)\s*(?:$|[.,;:()]|(?:and|but|while|more|of them|for|against)\b)")
_SURELY_MOVES_BY = re.compile(r"\b(?:by|plus|minus) $")
_OF_CHANCE = re.compile(
    r"^[\d.,]+ ?(?:%|percent|per cent) (?:chance|likel|probab|odds|of (?:all |such |similar )?leads|to convert)"
)
_OF_SCORE = re.compile(
    r"\bscor(?:e|es|ed|ing)(?: (?:of|is|at|stands at|comes to|was|it at|them at|the lead at))? ?$|\bout of ?$"
)
_COUNTED = re.compile(r"\w+ (?:\w+ )?(?:reasons|factors|things|facts|points? stand)\b")
_OUT_OF = re.compile(r"\bof ?$")
_PERIOD = re.compile(r"\s*(?:\w+ )?(?:in the last (?:day|\d+ days)|so far)\b")
_BELOW = re.compile(r"\b(?:less than|below|under|at most) (?:usd )?$")
_ABOVE = re.compile(r"\b(?:more than|above|over|at least) (?:usd )?$")
_OF_BOUNDS = re.compile(r"\b(?:between|range|from|interval|at (?:most|least)|up to|bounds?|low|high|margin)\b")
_OF_PARTS = re.compile(
    r"\b(?:base|starts?|starting|fit|engagement|together|combined|in (?:total|sum|all)|sum|sub-?score)\b"
)


def check_numbers(sentence: Sentence, passage: Passage, facts: Facts) -> Iterator[Violation]:
    """Find numbers of a passage that neither its facts nor the score as a whole bear out."""
    mine = [m for m in passage.mentions if m.topic.reason is not None]
    effects = [n for n in passage.numbers if _is_effect(n, sentence)]
    for number in passage.numbers:
        if _COUNTED.match(sentence.text[number.start :]) and number.value <= len(facts.reasons):
            continue
        is_apart = not mine or _is_apart(number, passage, sentence)
        if is_apart and _is_of_the_score(number, sentence, facts):
            continue
        if number in effects:
            k = effects.index(number)
            owners = [mine[k]] if len(effects) == len(mine) else mine
            holds = any(_is_its_points(number, _fact(m, facts)) for m in owners)
            if number.unit is Unit.BARE and not _SURELY_MOVES_BY.search(sentence.text[: number.start]):
                holds = holds or any(_in_fact(number, _fact(m, facts)) for m in mine)
        else:
            near = sorted(mine, key=lambda m: _distance(m, number, sentence.text))[:1]
            holds = any(_in_fact(number, _fact(m, facts)) for m in near)
        if not holds:
            written = sentence.text[number.start : number.start + 16].strip()
            yield Violation(Claim.NUMBER, written, "is no number of the score in this unit and place")
    for match in MULTIPLES.finditer(sentence.text[passage.start : passage.end]):
        yield Violation(Claim.NUMBER, match.group(), "is a ratio that the score does not hold")


def _distance(mention: Mention, number: Number, text: str) -> int:
    """Return the characters between a mention, its period included, and a number."""
    period = _PERIOD.match(text[mention.end :])
    end = mention.end + (period.end() if period else 0)
    return max(mention.start - number.end, number.start - end, 0)


def _fact(mention: Mention, facts: Facts) -> ReasonFact:
    assert mention.topic.reason is not None, "only mentions of reasons are asked for"
    return facts.reasons[mention.topic.reason]


def _is_effect(number: Number, sentence: Sentence) -> bool:
    """Whether a number is written as points that a reason gives or takes."""
    if number.unit is Unit.BARE:
        before, after = sentence.text[: number.start], sentence.text[number.start :]
        return bool(number.sign or (_moves_by(before) and _STANDS_ALONE.match(after)))
    return number.unit is Unit.POINTS


def _moves_by(before: str) -> bool:
    """Whether the words before a number say that something is given or taken."""
    last = re.search(r"([a-z]+) $", before)
    return bool(_MOVES_BY.search(before) or (last and stem(last.group(1)) in RAISE | LOWER))


def _is_of_the_score(number: Number, sentence: Sentence, facts: Facts) -> bool:
    """Whether a number is one of the score as a whole."""
    if number.sign:
        return False
    if number.of is not None:
        slack = 0.5 if number.of >= 100 else 50 / number.of  # noqa: PLR2004 - the scale of a score
        return abs(100 * number.value / number.of - facts.points) <= slack
    if number.value == 100 and _OUT_OF.search(sentence.text[: number.start]):  # noqa: PLR2004 - the scale of a score
        return True
    values: list[float] = []
    if number.unit in (Unit.PERCENT, Unit.BARE):
        values += [facts.percent, *(facts.bounds if _OF_BOUNDS.search(sentence.text) else ())]
    if number.unit in (Unit.POINTS, Unit.BARE):
        values += [facts.points, *(facts.partial if _OF_PARTS.search(sentence.text) else ())]
    if number.unit is Unit.DAYS:
        values += facts.days
    if number.unit is Unit.MONEY:
        return any(abs(number.value - amount) <= max(0.5, abs(amount) / 100) for amount in facts.amounts)
    before = sentence.text[: number.start]
    if _BELOW.search(before) or _ABOVE.search(before):
        sign = 1 if _BELOW.search(before) else -1
        return any(0 <= sign * (number.value - value) <= _NEAR for value in values)
    return any_agrees(number, values)


def _is_its_points(number: Number, fact: ReasonFact) -> bool:
    return agrees(number, abs(fact.points)) and number.sign * fact.points >= 0


def _is_apart(number: Number, passage: Passage, sentence: Sentence) -> bool:
    """Whether a number stands apart from the facts that its passage mentions, and speaks of the score."""
    if _OF_CHANCE.match(sentence.text[number.start :]) or _OF_SCORE.search(sentence.text[: number.start]):
        return True
    first = min(mention.start for mention in passage.mentions)
    if number.start >= first:
        return False
    between, before = sentence.text[number.end : first], sentence.text[passage.start : first]
    part = re.split(r",(?!\d)|[;:(]", before)[0]
    is_before = number.start < passage.start + len(part) < first or len(between.split()) >= _FAR_APART
    return is_before and (number.unit in (Unit.PERCENT, Unit.POINTS) or bool(_SCORE_WORDS.search(before)))


def _in_fact(number: Number, fact: ReasonFact) -> bool:
    """Whether a number is one of a fact's own: the same value in the same unit; money may be written without its sign."""
    if number.unit is Unit.POINTS:
        return False
    for own in fact.numbers:
        if is_length(number.unit) or is_length(own.unit):
            is_same = same_length(number, own)
        else:
            is_alike = number.unit is own.unit or {number.unit, own.unit} == {Unit.BARE, Unit.MONEY}
            is_same = is_alike and number.sign * own.sign >= 0 and agrees(number, own.value, decimals=own.decimals)
        if is_same:
            return True
    return number.value == 0 and fact.presence in (Presence.ABSENT, Presence.NOUGHT)
