"""What a text says of a score, held against the score: direction and order of its reasons. Pure: text in, findings out."""

from agents.checks import guess_language, sentences_of
from agents.numbers import MARKER
from domain.scores import LeadScore
from tools.scoring.explaining.checking import check_explanation
from tools.scoring.explaining.violations import Claim

_JUDGED = frozenset({Claim.SIGN, Claim.ORDER, Claim.NEGATION, Claim.CERTAINTY})
"""Numbers and facts are held against the evidence as a whole elsewhere; here it is what they are said to do."""


def claims_against(text: str, score: LeadScore, *, marker: int) -> tuple[str, ...]:
    """Find what the sentences that cite a score say of it and it does not bear out.

    The checker reads English; a text that is told to be in another language is passed over.

    Args:
        text: A reply with its `[n]` markers.
        score: The score.
        marker: The marker that cites it.

    Returns:
        One sentence per finding, addressed to the writer.
    """
    if guess_language(text) not in (None, "en"):
        return ()
    citing = [s for s in sentences_of(text) if any(int(found[1]) == marker for found in MARKER.finditer(s))]
    said = " ".join(MARKER.sub("", sentence).replace(" .", ".") for sentence in citing)
    return tuple(
        f"{violation.written!r} is not what the score says: {violation.rule}."
        for violation in check_explanation(said, score)
        if violation.claim in _JUDGED
    )
