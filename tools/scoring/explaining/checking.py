"""Checks any sentence about a score against the score: direction, order, numbers, facts, certainty. Writes nothing."""

import re
from collections.abc import Iterator, Sequence

from domain.scores import LeadScore
from tools.scoring.explaining.claims import (
    Mention,
    Passage,
    Sentence,
    Unit,
    is_negated,
    read_sentences,
    signs_in,
)
from tools.scoring.explaining.facts import (
    Facts,
    Presence,
    any_agrees,
    facts_of,
)
from tools.scoring.explaining.figures import check_numbers
from tools.scoring.explaining.lexicon import (
    AFTER,
    BEFORE,
    CERTAINTY,
    FIRST_OF_ALL_BEFORE,
    GENERIC,
    LESS_THAN,
    LIKELIHOODS,
    LOWER,
    NEGATORS,
    NOT_CERTAIN,
    NUMBER_WORDS,
    RAISE,
    TOP,
    UNKNOWN,
    WEAK,
    WOULD_WITHOUT,
    stem,
)
from tools.scoring.explaining.violations import Claim, Finding, Violation

_PAIR = 2
_STRANGERS_IN_A_ROW = 2
_LINKS = frozenset({"a", "an", "the", "in", "of", "to", "for", "with", "their", "its", "bigger", "new"})
_TIE = 0.5
_TEMPERATURE = re.compile(r"\b(hot|warm|cold)\b(?=[ -](?:lead|prospect)\b|[,.;:(]|$)")
_HIGH = re.compile(r"\b(?:high|strong|good|well)\b[^.;]{0,25}\b(?:because|due to|thanks to|since)\b")
_LOW = re.compile(r"\b(?:low|weak|poor|poorly|only)\b[^.;]{0,25}\b(?:because|due to|since)\b")


def check_explanation(text: str, score: LeadScore) -> tuple[Violation, ...]:
    """Find what a text about a score claims that the score does not say.

    Args:
        text: One or more English sentences, from a template or a language model.
        score: What they are about.

    Returns:
        Violations in the order of the text; empty for a faithful text.
    """
    return examine(text, score).violations


def examine(text: str, score: LeadScore) -> Finding:
    """Check a text and count its claims; see `check_explanation`."""
    facts = facts_of(score)
    sentences = read_sentences(text, facts.topics)
    violations: list[Violation] = []
    n_claims = 0
    told: list[int] = []
    for sentence in sentences:
        for passage in sentence.passages:
            n_claims += len(passage.mentions) + len(passage.signs) + len(passage.numbers)
            violations += _check_features(sentence, passage, facts)
            violations += _check_presence(sentence, passage, facts)
            violations += _check_signs(sentence, passage, facts)
            violations += check_numbers(sentence, passage, facts)
            ranks = list(_check_order(sentence, passage, facts, told))
            violations += ranks
            told += [m.topic.reason for m in passage.mentions if m.topic.reason is not None]
        n_claims += len(CERTAINTY.findall(sentence.text))
        violations += _check_certainty(sentence, facts)
    unique = tuple(dict.fromkeys(violations))
    return Finding(unique, max(n_claims, len(unique)))


# -- features ----------------------------------------------------------------------------------------------------


def _check_features(sentence: Sentence, passage: Passage, facts: Facts) -> Iterator[Violation]:
    for mention in passage.mentions:
        words = sentence.text[mention.start : mention.end]
        is_sub_score = words == "engagement" and any(any_agrees(n, facts.partial) for n in passage.numbers)
        if mention.topic.reason is None and not is_sub_score:
            yield Violation(Claim.FEATURE, words, "is not among the reasons of the score")
    known = {root for reason in facts.reasons for root in reason.stems}
    elsewhere = {root for topic in facts.topics if topic.reason is None for root in topic.core} - known
    strangers = _strangers(sentence, passage, known)
    has_fact = any(mention.topic.reason is not None for mention in passage.mentions)
    longest = max((len(run) for run in strangers), default=0)
    flat = [word for run in strangers for word in run]
    is_of_the_table = any(stem(word) in elsewhere for word in flat)
    claims_alone = bool(flat) and not has_fact and bool(passage.signs)
    if is_of_the_table or claims_alone or longest >= _STRANGERS_IN_A_ROW:
        yield Violation(Claim.FEATURE, " ".join(flat), "is in none of the reasons of the score")


def _strangers(sentence: Sentence, passage: Passage, known: set[str]) -> list[list[str]]:
    """Return the words that neither a reason holds nor mean nothing by themselves, in runs.

    One such word alone is a way to speak; two in a row, but for small words, are a thing that nobody measured.
    """
    mentioned = {i for mention in sentence.mentions for i in mention.tokens}
    runs: list[list[str]] = []
    is_open = False
    for i, token in enumerate(sentence.tokens):
        if not passage.start <= token.start < passage.end:
            continue
        if i not in mentioned and _is_stranger(token.text, token.stem, known):
            runs = [*runs[:-1], [*runs[-1], token.text]] if is_open else [*runs, [token.text]]
            is_open = True
        elif token.text not in _LINKS:
            is_open = False
    return runs


def _is_stranger(text: str, root: str, known: set[str]) -> bool:
    is_plain = root in GENERIC or root in RAISE or root in LOWER or root in WEAK or text in NEGATORS
    is_manner = text.endswith(("ly", "wards", "est"))
    return not (
        is_manner
        or is_plain
        or root in known
        or text in NUMBER_WORDS
        or len(text) <= _PAIR
        or any(c.isdecimal() for c in text)
    )


# -- presence ----------------------------------------------------------------------------------------------------


def _check_presence(sentence: Sentence, passage: Passage, facts: Facts) -> Iterator[Violation]:
    text = sentence.plain[: passage.end]
    is_counterfactual = _is_counterfactual(sentence.text)
    for i, mention in enumerate(passage.mentions):
        if mention.topic.reason is None or mention.is_quoted:
            continue
        fact = facts.reasons[mention.topic.reason]
        first = passage.mentions[i - 1].end if i else passage.start
        last = passage.mentions[i + 1].start if i + 1 < len(passage.mentions) else passage.end
        around = sentence.text[max(first, mention.start - 30) : min(last, mention.end + 40)]
        if UNKNOWN.search(around):
            said = Presence.UNKNOWN
        elif is_negated(_without_hypothesis(text) if is_counterfactual else text, mention, signs=passage.signs):
            said = Presence.ABSENT
        else:
            said = Presence.PRESENT
        if fact.presence is Presence.NOUGHT and said is not Presence.UNKNOWN:
            continue
        if said is not fact.presence:
            words = sentence.text[mention.start : mention.end]
            yield Violation(Claim.NEGATION, words, f"is said to be {said}, but is {fact.presence}")


def _is_counterfactual(text: str) -> bool:
    return "would" in text and WOULD_WITHOUT.search(text) is not None


def _without_hypothesis(text: str) -> str:
    """Blank out `if it were not for`, which denies nothing, and keep every place."""
    return WOULD_WITHOUT.sub(lambda match: "-" * len(match.group()), text)


# -- signs -------------------------------------------------------------------------------------------------------


def _check_signs(sentence: Sentence, passage: Passage, facts: Facts) -> Iterator[Violation]:
    mine = [m for m in passage.mentions if m.topic.reason is not None]
    if not mine:
        return
    flip = -1 if _is_counterfactual(sentence.text) else 1
    words = sentence.plain[passage.start : passage.end]
    signs = [(at, flip * sign) for at, sign in passage.signs]
    signs += [(n.start, n.sign) for n in passage.numbers if n.sign and n.unit is Unit.POINTS]
    for pattern, sign in ((_HIGH, 1), (_LOW, -1)):
        signs += [(passage.start + m.start(), sign) for m in pattern.finditer(words)]
    if not signs and any(number.unit is Unit.POINTS for number in passage.numbers if number.start > mine[0].start):
        yield Violation(Claim.SIGN, words.strip(), "gives points without a direction that can be checked")
    for mention, claimed in _paired(mine, sorted(set(signs))):
        fact = facts.reasons[mention.topic.reason or 0]
        if claimed * fact.points < 0:
            verb = "raises" if fact.points > 0 else "lowers"
            yield Violation(Claim.SIGN, sentence.text[mention.start : mention.end], f"{verb} the score")


def _paired(mentions: Sequence[Mention], signs: Sequence[tuple[int, int]]) -> list[tuple[Mention, int]]:
    """Give each direction to its mention: in turn where there are as many, else to the nearest mention before it."""
    if len(mentions) == 1:
        return [(mentions[0], sign) for _, sign in signs]
    if len(signs) == len(mentions):
        return [(mention, sign) for mention, (_, sign) in zip(mentions, signs, strict=True)]
    if len(signs) == 1:
        return [(mention, signs[0][1]) for mention in mentions]
    pairs = []
    for at, sign in signs:
        before = [m for m in mentions if m.start < at]
        pairs.append((before[-1] if before else mentions[0], sign))
    return pairs


# -- order -------------------------------------------------------------------------------------------------------


def _check_order(sentence: Sentence, passage: Passage, facts: Facts, told: Sequence[int]) -> Iterator[Violation]:
    words = sentence.plain[passage.start : passage.end]
    mine = [m for m in passage.mentions if m.topic.reason is not None]
    ranks = [m.topic.reason for m in mine if m.topic.reason is not None]
    if not ranks:
        return
    size = [abs(fact.points) for fact in facts.reasons]
    top = TOP.search(words)
    if top and not re.search(r"\b(?:at|almost) most\b", words):
        allowed = len(ranks) if not BEFORE.search(words) else 1
        signed = _superlative_sign(words, top.start(), top.end())
        best = [i for i, fact in enumerate(facts.reasons) if not signed or fact.points * signed > 0][:allowed]
        wrong = [i for i in ranks[:allowed] if i not in best and all(size[i] < size[b] - _TIE for b in best)]
        if wrong:
            yield Violation(Claim.ORDER, top.group(), f"does not hold for {facts.reasons[wrong[0]].reason.feature}")
    if len(ranks) >= _PAIR:
        direction = 1 if BEFORE.search(words) else -1 if LESS_THAN.search(words) else 0
        if direction * (size[ranks[0]] - size[ranks[1]]) < -_TIE:
            yield Violation(Claim.ORDER, words.strip(), "compares two reasons the wrong way round")
        return
    after = AFTER.search(words) or FIRST_OF_ALL_BEFORE.match(words)
    if after and told and size[ranks[-1]] > size[told[-1]] + _TIE and told[-1] != ranks[-1]:
        yield Violation(Claim.ORDER, after.group(), "puts the stronger reason after the weaker one")


def _superlative_sign(words: str, start: int, end: int) -> int:
    """Return the direction that a superlative is limited to (`biggest plus`), 0 for none."""
    near = words[max(0, start - 12) : end + 12]
    if re.search(r"\b(?:reason|driver|factor|because)\b", words[start : end + 20]):
        return 0
    signs = {sign for _, sign in signs_in(near)}
    return signs.pop() if len(signs) == 1 else 0


# -- certainty ---------------------------------------------------------------------------------------------------


def _check_certainty(sentence: Sentence, facts: Facts) -> Iterator[Violation]:
    text = sentence.text
    for match in CERTAINTY.finditer(text):
        if not NOT_CERTAIN.search(text[: match.start()]):
            yield Violation(Claim.CERTAINTY, match.group(), "is certain, but a score is a probability")
    for pattern, low, high in LIKELIHOODS:
        likelihood = pattern.search(text)
        if likelihood and not low <= facts.p <= high:
            yield Violation(Claim.CERTAINTY, likelihood.group(), f"does not suit a probability of {facts.p:.0%}")
    said = _TEMPERATURE.search(text)
    if said and said.group(1) != facts.temperature:
        yield Violation(Claim.CERTAINTY, said.group(1), f"is not the temperature, which is {facts.temperature}")
