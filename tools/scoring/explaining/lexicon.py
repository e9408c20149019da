"""The words that a sentence about a score may be made of, by what they claim. Data and stemming only."""

import re
from functools import lru_cache

_ENDINGS = ("ings", "ing", "ed", "es", "s")
_SHORTEST_STEM = 3
_LONG_ENOUGH_FOR_AN_ADVERB = 7
_ALIKE = {
    "respons": "reply", "respond": "reply", "answer": "reply", "repli": "reply",
    "mail": "email", "e-mail": "email", "appointment": "meet", "demo": "meet",
    "visit": "view", "brows": "view", "websit": "sit", "webpag": "pag", "outreach": "contact", "touch": "contact",
    "activ": "action", "activity": "action", "act": "action", "doc": "document", "quot": "proposal", "telephon": "phon",
    "firm": "company", "attendanc": "attend", "origin": "sourc", "schedul": "book", "arrang": "book",
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Cut a lower-case English word to what its forms share, and map words that mean the same to one.

    Example:
        >>> stem("replies"), stem("answered"), stem("submitted"), stem("pages")
        ('reply', 'reply', 'submit', 'pag')
    """
    word = word.removesuffix("'s").strip("'")
    if word.endswith("ly") and len(word) >= _LONG_ENOUGH_FOR_AN_ADVERB:
        word = word.removesuffix("ly")
    if word.endswith(("ies", "ied")):
        word = word[:-3] + "y"
    else:
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and not word.endswith("ss"):
                word = word.removesuffix(ending)
                if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "els":
                    word = word[:-1]
                break
    word = word.removesuffix("e")
    return _ALIKE.get(word, word)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, text.split()))


WEAK = _words(
    "last so far day week lead typical recent total number file of by us on the which was in to a an at per with is "
    "has its their our assigned what against all this s yes no it that be or and not known "
    "usd eur gbp chf percent"
)
"""Words of a label that do not tell it from others."""

RAISE = _stems(
    "raise raises lift lifts boost boosts help helps helped add adds push increase increases improve improves gain "
    "gains plus positive up higher strengthen strengthens support supports favour favours favor favourable upside "
    "benefit benefits advantage asset encouraging promising elevate elevates bright strength enhance "
    "good pro propel uplift lifting adding boosting pushing raising upward upwards "
    "aid aids assist advance better brighten expand grows heighten jump jumps climb climbs rise rises rising bump bumps spur "
    "sweeten solid healthy attractive welcome credit bonus booster underpin reinforce reinforces win wins winning worthwhile "
    "fuel fuels promote promotes enhance enrich"
)
LOWER = _stems(
    "lower lowers drag drags pull pulls hurt hurts reduce reduces decrease decreases cut cuts cost costs minus "
    "negative down weaken weakens harm harms hinder dampen dampens depress subtract subtracts penalise "
    "penalize downside drawback detract detracts deduct deducts limit limits concern discouraging weakness "
    "bad con diminish diminishes erode worsen worsens hamper dent liability sink sinks handicap remove removes lose loses unfavourable unfavorable loss losing lost downward downwards "
    "suffer suffers drop drops fall falls fell slip slide shrink shrinks dim dull disadvantage discount impair impede knock "
    "knocks penalty punish shave trim undermine undercut obstacle burden damage detriment deteriorate worse poor problem "
    "trouble worry worrying setback deficit temper lessen lessens dock docks deduction slow slows"
)
SIGN_PHRASES: tuple[tuple[str, int], ...] = (
    (r"\bin (?:its|their|the lead's|his|her) favou?r\b", 1),
    (r"\b(?:counts?|works?|speaks?|argues?|tells?|goes|tips?|weighs?) (?:\w+ )?(?:for|towards?) (?:it|them|the lead|this lead|a deal|a win)\b", 1),
    (r"\b(?:counts?|works?|speaks?|argues?|tells?|goes|tips?|weighs?) (?:\w+ )?against\b", -1),
    (r"\b(?:held|holds?|holding) (?:it |the score |the lead )?(?:back|down)\b", -1),
    (r"\b(?:weighs?|weighing|drags?|dragging|pulls?|pulling|brings?|bringing|pushes|pushed|pushing|moves?|moving|drives?|driving|keeps?|keeping) (?:\w+ ){0,3}down(?:wards?)?\b", -1),
    (r"\b(?:lifts?|lifting|pulls?|pulling|brings?|bringing|pushes|pushed|pushing|moves?|moving|drives?|driving|keeps?|keeping) (?:\w+ ){0,3}up(?:wards?)?\b", 1),
    (r"\btak(?:es?|ing) (?:\w+ ){0,2}(?:away|off)\b", -1),
    (r"\b(?:up|bright|plus|positive|good) ?side\b", 1),
    (r"\b(?:down|minus|negative|bad) ?side\b", -1),
    (r"(?<!model )(?<!score )\b(?:gives?|giving|brings?|bringing|yields?|earns?|earned|earning|wins?|won) (?:it |them |the lead )?(?:about |some |another )?[\d.]+ (?:more |further )?(?:points|of them)", 1),
    (r"\b(?:costs?|costing|loses?|lost|losing|removes?|removing) (?:it |them |the lead )?(?:about |some |another )?[\d.]+ (?:more |further )?(?:points|of them)", -1),
    (r"\b(?:com(?:es?|ing)|boils?|boiling|narrows?) down to\b", 0),
    (r"\b(?:argument|case|point|mark|evidence|vote|strike|factor|sign) (?:in favou?r of|for)\b", 1),
    (r"\bred flag\b", -1),
    (r"(?<!points )\bagainst (?:it|them|the lead|this lead|a deal|a win|conversion|converting|the score)\b", -1),
    (r"\bin favou?r of\b", 1),
    (r"(?<=points )(?:less|fewer)\b(?! than)", -1),
    (r"(?<=points )more\b(?! than)", 1),
    (r"\b(?:more|likelier) (?:likely|probable)\b(?! than not)", 1),
    (r"\bless (?:likely|probable)\b", -1),
    (r"\bthanks to\b", 1),
    (r"\bdespite\b", -1),
)  # fmt: skip
"""Phrases that claim a direction, looked for before single words."""

TOP = re.compile(
    r"\b(?:main|mainly|mostly|biggest|largest|strongest|greatest|chief|chiefly|primary|primarily|principal|principally|"
    r"key|leading|top|foremost|dominant|predominantly|largely|first of all|the most (?!of\b|likely)\w+|first and foremost|above all|heaviest|furthest|farthest|"
    r"number one|most important|most of all|more than anything(?: else)?|nothing (?:\w+ )?(?:more|as much)|"
    r"(?:the |matters |counts |weighs |it |helps |hurts |lead |score )most(?! of)|carries the most|weighs more|"
    r"matters more|counts more|decisive)\b"
)
BEFORE = re.compile(
    r"\b(?:outweighs?|exceeds?|beats?|more than|stronger than|bigger than|larger than|ahead of|before)\b"
)
AFTER = re.compile(
    r"\b(?:followed by|follows?|then|next|second|secondly|third|thirdly|after that|afterwards|lesser|less|behind|smaller|"
    r"weaker|subsequently|in turn)\b"
)
LESS_THAN = re.compile(r"\b(?:less|weaker|smaller|lesser|lower)\b[^;.]*\bthan\b|\bbehind\b")
FIRST_OF_ALL_BEFORE = re.compile(r"\W*(?:ahead of|before|more than|stronger than|bigger than)\b")
NEGATORS = _words(
    "no not never without zero absence lack lacking lacks missing none nor absent neither hasn't haven't didn't isn't "
    "wasn't doesn't cannot"
)
UNKNOWN = re.compile(
    r"\b(?:unknown|not (?:yet )?known|unclear|not (?:yet )?measured|no data|missing data|not recorded|undetermined|"
    r"nobody knows|(?:no|lack of|lacking|without|missing|absence of) (?:data|information|records?)|not on record)\b"
)
WOULD_WITHOUT = re.compile(
    r"\b(?:without|were it not for|was it not for|(?:had )?it not been for|were not for|was not for|ignor(?:ed|ing|e)|leav(?:e|ing) out|left out|exclud(?:e|ed|ing)|tak(?:e|ing) away|took away|set(?:ting)? aside|disregard(?:ed|ing)?|had not|hadn't|didn't have|did not have|minus|wasn't for|weren't for|if not for|but for|absent)\b"
)

_BUYS = r"(?:buy|convert|close|sign|win|purchase|become|order|say yes|agree|fail)"
CERTAINTY = re.compile(
    rf"\b(?:(?:will|shall|is going to|are going to|won't|will not|'ll)(?: \w+)? {_BUYS}\w*|guarantee[sd]?|certain(?:ly|ty)?|"
    r"definitely|undoubtedly|without (?:a |any )?doubt|no doubt|beyond doubt|sure(?:ly| thing| to\b)|for sure|"
    rf"bound to|inevitabl[ey]|cannot (?:fail|lose|go wrong|miss)|can't (?:fail|lose|go wrong|miss)|can count on|"
    r"in the bag|done deal|safe bet|slam dunk|certainties|assured(?:ly)?|unstoppable|without fail|no way|foregone conclusion|nothing can (?:stop|prevent)|cannot be stopped|must (?:buy|convert|close|sign)|always|impossible|never (?:buy|convert|close|sign)s?|risk-free|foolproof)\b"
)
NOT_CERTAIN = re.compile(r"\b(?:not|no|never|isn't|nothing is|far from|less than) (?:\w+ )?$")

MULTIPLES = re.compile(
    r"\b(?:doubles?|doubled|triples?|tripled|quadruples?|halves|halved|twice as|three times as|half as|tenfold)\b"
)
LIKELIHOODS: tuple[tuple[re.Pattern[str], float, float], ...] = (
    (re.compile(r"\b(?:almost|nearly|virtually|practically) (?:certain|sure|guaranteed)\b"), 0.95, 1.0),
    (re.compile(r"\b(?:very|highly|extremely|most) likely\b"), 0.7, 1.0),
    (re.compile(r"\bmore likely than not\b|\bbetter than even\b|\bprobably (?:buy|convert|close)"), 0.5, 1.0),
    (re.compile(r"\b(?:very|highly|extremely) unlikely\b|\bhardly any chance\b"), 0.0, 0.15),
    (re.compile(r"(?<!very )(?<!highly )(?<!extremely )\bunlikely\b"), 0.0, 0.5),
    (re.compile(r"\bcoin (?:flip|toss)\b|\beven odds\b|\bfifty-fifty\b"), 0.4, 0.6),
)
"""Words for a probability, and the range in which they are true."""

NUMBER_WORDS: dict[str, float] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "twice": 2, "thrice": 3, "dozen": 12, "hundred": 100,
}  # fmt: skip
HEDGES = _words("about around roughly approximately nearly almost some circa over under")

GENERIC = _stems(
    """a about above account across add after again against ago all almost alone along already also although among
        amount an and another any anything are around as at away back balance band base based be because been before
        behind being below beside best better between beyond both but by call came can case cause causes certain chance
        change clear clearly close closes closing cold combined come comes compared consider considerable contact
        contribution convert converts conversion convincing could count counts current currently customer data date dating
        deal decide degree describe despite detail did difference direction do does doing done down drive driven
        driver due during each effect either else enough equal especially estimate even everything evidence exactly
        expect expected explain explanation extent fact factor few figure final first follow followed for forecast
        found from further furthermore general get gets give given gives go goes going got great group had half hand has have
        having he her here high higher him his hot how however i if impact important in indicate influence instead into
        is it its itself judge just keep kept key kind know known large last later lead least less level like likelihood
        likely list little log long look looking looks lot low lower made main major make makes making many mark
        matter matters may me mean means measure mention might minor model moderate modest moment more most mostly
        move much must my name near nearly need never next no none nor not note nothing now number odds of off offset often
        on once one only opportunity or other others our out outcome over overall own part partly per percent percentage
        person picture place please point points possible potential predict prediction probability probable probably
        prospect provide put question quite range rank rate rather rating read ready reason reasons record reflect
        related relatively remain rep rest result right rise roughly same say says score scored scoring scores second
        see seem seems seen separate set several share she should show shows side sign signal significantly similar
        simply since single situation sit size slightly small so some something somewhat sort speak stand stands start
        state step still strong strongly such sum summary sure take taken tell than thank thanks that the their them
        then there these they thing things think third this those though through thus time to today together too top
        total toward towards turn two under unlike until up upon us use usual value very view want warm was way we
        weak weight well were what when where whereas whether which while who whole whose why will win with within
        without work worth would yet you your day days hour hours minute minutes week weeks month months year years
        ago far file score's lead's approx approximately roughly estimated it's that's sits carries case bit degree
        sale buyer buy purchase team foremost above-average below-average average typical usd eur gbp
    news short former latter ahead receive received record recorded statistics stance strongest weakest earn earned
    tilt upward downward upwards downwards favour forward estimate belief believe assume find feel sense view opinion
    conclude conclusion summarise basically essentially actually really simply merely additionally moreover besides
    meanwhile finally lastly firstly initially previously rise fall fell grew swing shift shifts sway swayed rest rests
    rely relies hinge depend depends owe owes owing due account accounts amount amounts stem stems come derive reflect
    suggest suggests imply implies mean meaning point points pointing hint hints play plays role bring bump nudge tip
    remark observe notice noteworthy notable noticeably considerable substantial slight minor moderate big bigger small
    smaller tiny huge large larger long longer quick quickly fast slow slowly early earlier late latest recent recently
    currently present absent existing exist occur occurred happen happened made making set setting seen shown showing
    tell telling told explain explaining described describes followed following first second third fourth two three one
    number numbering numbered equal equals stand standing sit sitting reach reaching hold holds show read reading word
    words line lines story reasoning rationale argument pro con weigh weighing weighs outweigh outweighs exceed dominate
    dominates dominant main influence influential impact impacts fairly pretty quite rather very extremely highly fit
    portion piece bulk majority minority share chunk mostly partly entirely fully completely exact precise precisely
    approximately ballpark somewhere suffer suffers ignore ignored ignoring outlook verdict picture extent nam namely
    reflecting deserve deserves worthwhile attention priority prioritise focus recommend suggestion advise advice
    follow-up next action reach contacting call phone send write email talk speak check consider soon later week
    today tomorrow now yet already still ever never often seldom rarely usually generally typically commonly
    lesser greater unclear unknown missing lacking lack absence"""
)
"""Stems that claim nothing by themselves. Other words that no reason holds were invented."""
