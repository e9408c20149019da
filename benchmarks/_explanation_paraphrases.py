"""Many ways to say the same reasons, in voices written before the checker was fitted to them; the last is held out.

Data only. A template has slots for the score and its reasons: `{S}` points of the score, `{P}` the probability, `{F1}`
the first reason's fact, `{A1}` its points without sign, `{G1}` with sign, `[up|down]1` the words for its direction. A
template that says which reason is stronger is `ranked`: swapping its reasons makes it a lie.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """One way to say a score."""

    text: str
    n_reasons: int
    ranked: bool = False


@dataclass(frozen=True)
class Voice:
    """A set of templates with its own ways to say facts and its own names for what leads do."""

    templates: tuple[Template, ...]
    some: tuple[str, ...]
    none: tuple[str, ...]
    days: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    level: tuple[str, ...]
    number: tuple[str, ...]
    unknown: tuple[str, ...]
    synonyms: dict[str, str]
    certainty: tuple[str, ...]
    inventions: tuple[str, ...]


T = Template

DEVELOPMENT = Voice(
    templates=(
        T("The score is {S} of 100. The main reason: {F1}, which [raises|lowers]1 it by {A1} points.", 1, ranked=True),
        T("This lead has a {P} chance to convert, mainly because {F1} [raises|lowers]1 the score by {A1} points.", 1,
          ranked=True),
        T("{P} likely to convert: {F1} ({G1} points) matters most, {F2} ({G2} points) comes second.", 2, ranked=True),
        T("{F1} [helps|hurts]1 the most ({G1} points), followed by {F2} ({G2} points).", 2, ranked=True),
        T("At {S} points, the lead's score is [helped|held back]1 above all by {F1}, and [helped|held back]2 by {F2}.",
          2, ranked=True),
        T("{F1} [pushes the score up|pulls the score down]1 by {A1} points, and {F2} [pushes it up|pulls it down]2 by {A2}.", 2),
        T("The biggest single factor is {F1}; it [increases|decreases]1 the score by {A1} points. After that, {F2} "
          "[increases|decreases]2 it by {A2} points.", 2, ranked=True),
        T("With {P}, this lead is likely worth a look. {F1} [counts in its favour|counts against it]1 ({A1} points).", 1),
        T("The model gives {S} out of 100: [plus|minus]1 {A1} for {F1}, [plus|minus]2 {A2} for {F2}.", 2),
        T("We see {F1}, and that [improves|reduces]1 the chance of a deal. {F2} [improves|reduces]2 it, too.", 2),
        T("{F1} does not [lower|raise]1 the score, it [raises|lowers]1 it.", 1),
        T("Although {F2} [raises|lowers]2 the score by {A2} points, {F1} weighs more and [raises|lowers]1 it by {A1}.", 2,
          ranked=True),
    ),
    some=("{n} {label}", "{label} ({n})", "{label}: {n}"),
    none=("no {label}", "the absence of {label}"),
    days=("{label} {n} ago", "{label}, {n} ago"),
    yes=("{label}: yes", "{label}"),
    no=("{label}: no", "not having {label}"),
    level=("{label} {n}", "{label} being {n}"),
    number=("{label} of {n}", "{label}: {n}"),
    unknown=("unknown {label}", "{label} not known"),
    synonyms={"replies": "responses", "page views": "pages viewed", "emails opened": "opened emails",
              "meetings booked": "booked meetings", "contacts by us": "contacts from our side"},
    certainty=("They will buy.", "This one is guaranteed to close.", "It is certain to convert.",
               "There is no doubt that they sign."),
    inventions=("a recent funding round", "the CEO's personal interest", "a competitor's price increase",
                "a large approved budget for next year"),
)  # fmt: skip

SECOND = Voice(
    templates=(
        T("Chance to close: {P}. Chief driver: {F1}, [lifting|dragging down]1 the score by {A1} points.", 1, ranked=True),
        T("The score of {S} is [boosted|dampened]1 first and foremost by {F1} and, to a lesser degree, "
          "[boosted|dampened]2 by {F2}.", 2, ranked=True),
        T("{F1} [is a strong plus|is a strong minus]1, worth {A1} points; {F2} [gives|costs]2 {A2} points.", 2),
        T("Nothing matters more here than {F1}, which [works for|works against]1 the lead by {A1} points.", 1, ranked=True),
        T("There is a {P} probability of a win. {F1} [speaks for|speaks against]1 it most, then {F2} "
          "[speaks for|speaks against]2 it.", 2, ranked=True),
        T("[Upside|Downside]1: {F1} ({A1} points). [Upside|Downside]2: {F2} ({A2} points).", 2),
        T("The score would be [lower|higher]1 if it were not for {F1}, by some {A1} points.", 1),
        T("What [moves it up|moves it down]1 the furthest is {F1} at {G1}; {F2} sits behind at {G2}.", 2, ranked=True),
        T("I would put this lead at {P}; {F1} carries the most weight ([positive|negative]1, {A1} points).", 1, ranked=True),
        T("Out of 100, the lead gets {S}. [On the bright side|On the down side]1, {F1} counts {A1} points.", 1),
        T("{F1} outweighs {F2}: [up|down]1 {A1} points against [up|down]2 {A2} points.", 2, ranked=True),
        T("Roughly {P} of leads like this convert. {F1} [strengthens|weakens]1 the case by {A1} points; {F2} "
          "[strengthens|weakens]2 it by {A2}.", 2),
    ),
    some=("a total of {n} {label}", "{label} at {n}", "having {n} {label}"),
    none=("zero {label}", "the lack of {label}"),
    days=("{label} some {n} back", "{label} dating back {n}"),
    yes=("having {label}", "{label}"),
    no=("missing {label}", "{label} still lacking"),
    level=("the {label} ({n})", "{n} as {label}"),
    number=("{label} at {n}", "a value of {n} for {label}"),
    unknown=("missing data on {label}", "the unclear {label}"),
    synonyms={"replies": "answers", "page views": "visits to our pages", "emails opened": "email opens",
              "meetings booked": "appointments booked", "contacts by us": "touches by our team"},
    certainty=("A deal is a sure thing.", "They are definitely going to sign.", "This lead cannot fail to convert.",
               "You can count on this sale."),
    inventions=("their new office in Berlin", "a warm word from the board", "growing headcount",
                "the rising rent of their office"),
)  # fmt: skip

THIRD = Voice(
    templates=(
        T("I estimate a {P} likelihood that this lead converts; what drives it most is {F1} ([plus|minus]1 {A1} points).",
          1, ranked=True),
        T("The lead's {S} points rest chiefly on {F1}, which contributes [positively|negatively]1 with {A1} points.", 1,
          ranked=True),
        T("{F1} is [good|bad]1 news for this lead: {G1} points. {F2} is [good|bad]2 news: {G2}.", 2),
        T("Two things stand out: {F1} ({G1} points) and {F2} ({G2} points).", 2),
        T("Were it not for {F1}, the score would stand {A1} points [lower|higher]1.", 1),
        T("{F2} matters less than {F1}: the former [adds|removes]2 {A2} points, the latter [adds|removes]1 {A1}.", 2,
          ranked=True),
        T("Reading the score of {S}: {F1} tilts it [upwards|downwards]1 the strongest, with {A1} points.", 1, ranked=True),
        T("Our estimate that they convert is {P}. {F1} makes that [more|less]1 likely ({A1} points).", 1),
        T("In short, {F1} [is|is not]1 in the lead's favour and accounts for {A1} points; {F2} [is|is not]2 in its favour, "
          "at {A2} points.", 2),
        T("{P}. Why? Primarily {F1} ({G1} points), secondarily {F2} ({G2} points).", 2, ranked=True),
        T("{F1} has [a favourable|an unfavourable]1 effect of {A1} points, ahead of {F2} with "
          "[a favourable|an unfavourable]2 effect of {A2} points.", 2, ranked=True),
        T("There are {S} points on the board, and {F1} [earned|lost]1 {A1} of them.", 1),
    ),
    some=("{n} recorded {label}", "{label} numbering {n}", "{label} = {n}"),
    none=("never any {label}", "{label}: none"),
    days=("{label} {n} earlier", "{label} roughly {n} ago"),
    yes=("{label} = yes", "{label} being the case"),
    no=("{label} not being the case", "no {label}"),
    level=("{label} = {n}", "{n} for {label}"),
    number=("{label} = {n}", "{label} standing at {n}"),
    unknown=("{label}, which nobody knows", "lack of data on {label}"),
    synonyms={"replies": "replies received", "page views": "page visits", "emails opened": "mails opened",
              "meetings booked": "meetings scheduled", "contacts by us": "outreach by us",
              "forms submitted": "submitted forms"},
    certainty=("They are sure to buy.", "This deal is in the bag.", "Conversion is inevitable.",
               "We can be certain of this one."),
    inventions=("their strong cash flow", "a glowing review in the press", "the manager's gut feeling",
                "an upcoming trade fair"),
)  # fmt: skip

FOURTH = Voice(
    templates=(
        T("We give this lead {S} out of 100, largely owing to {F1} ({G1} points).", 1, ranked=True),
        T("{F1}: {G1} points. {F2}: {G2} points. All in all, {P}.", 2),
        T("Our model sees a {P} chance here. {F1} [bumps the score up|knocks the score down]1 by {A1} points.", 1),
        T("The most influential fact is {F1}, [adding|subtracting]1 {A1} points; {F2} follows, [adding|subtracting]2 {A2}.",
          2, ranked=True),
        T("If we ignored {F1}, the lead would score {A1} points [less|more]1.", 1),
        T("{F1} is an argument [for|against]1 this lead, {A1} points strong.", 1),
        T("Score {S}. [Helping|Hurting]1: {F1}, {A1} points. [Helping|Hurting]2: {F2}, {A2} points.", 2),
        T("Because of {F1}, the score goes [up|down]1 by {A1} points; because of {F2}, it goes [up|down]2 by {A2}.", 2),
        T("{F2} has a smaller effect ({G2} points) than {F1} ({G1} points).", 2, ranked=True),
        T("At {P}, what counts most is {F1}; it [improves|worsens]1 the outlook by {A1} points.", 1, ranked=True),
        T("This lead [benefits|suffers]1 from {F1} ({A1} points) and [benefits|suffers]2 from {F2} ({A2} points).", 2),
        T("Mostly it comes down to {F1}, [a gain|a loss]1 of {A1} points, and to a smaller extent to {F2}, "
          "[a gain|a loss]2 of {A2} points.", 2, ranked=True),
    ),
    some=("as many as {n} {label}", "{label} of {n}", "{n} {label}"),
    none=("no sign of {label}", "{label} = 0"),
    days=("{label} about {n} ago", "the {label} {n} ago"),
    yes=("{label} (yes)", "the fact of {label}"),
    no=("{label} (no)", "there being no {label}"),
    level=("{n} being the {label}", "{label}, namely {n}"),
    number=("{label} reaching {n}", "the {label} ({n})"),
    unknown=("not knowing {label}", "{label} being unknown"),
    synonyms={"replies": "replies given", "page views": "viewed pages", "emails opened": "opened mails",
              "meetings booked": "meetings arranged", "documents opened": "opened documents",
              "calls answered": "answered calls"},
    certainty=("They'll definitely sign.", "Nothing can stop this deal.", "It is a safe bet that they buy.",
               "It is 100 % certain."),
    inventions=("their move to a bigger warehouse", "last week's keynote", "a friend in procurement",
                "a new chief executive"),
)  # fmt: skip

HELD_OUT = Voice(
    templates=(
        T("The estimate for this lead is {P}. It is {F1} that makes the greatest difference, {G1} points.", 1, ranked=True),
        T("{F1} accounts for {G1} points and {F2} for {G2} points.", 2),
        T("On balance {S} of 100: {F1} [strengthens|weakens]1 the lead by {A1} points, whereas {F2} "
          "[strengthens|weakens]2 it by {A2} points.", 2),
        T("Leave out {F1} and the score would be {A1} points [lower|higher]1.", 1),
        T("{F1} [works in the lead's favour|works to the lead's disadvantage]1, to the tune of {A1} points.", 1),
        T("Top of the list is {F1} with {G1} points. Next comes {F2} with {G2}.", 2, ranked=True),
        T("We put the odds at {P}. The chief reason is {F1}: it [improves|worsens]1 the score by {A1} points.", 1,
          ranked=True),
        T("A score of {S} points: {F1} [pulls it up|pulls it down]1 ({A1} points), {F2} [pulls it up|pulls it down]2 "
          "({A2} points).", 2),
        T("What [speaks for|speaks against]1 this lead more than anything is {F1} ({A1} points).", 1, ranked=True),
        T("{F1}, at {G1} points, carries more weight than {F2}, at {G2} points.", 2, ranked=True),
        T("Of the facts at hand, {F1} has the largest effect: it [gains|loses]1 the lead {A1} points.", 1, ranked=True),
        T("Because of {F1} the model rates this lead {A1} points [higher|lower]1, and because of {F2} {A2} points "
          "[higher|lower]2.", 2),
    ),
    some=("{n} {label}", "{label} (count {n})", "a count of {n} for {label}"),
    none=("no {label} at all", "{label} (none)"),
    days=("{label}, which was {n} ago", "{label} {n} in the past"),
    yes=("{label}: yes", "{label}, confirmed,"),
    no=("{label}: no", "the missing {label}"),
    level=("{label} ({n})", "having {n} as {label}"),
    number=("{label} ({n})", "{label} at a level of {n}"),
    unknown=("{label} (unknown)", "our not knowing {label}"),
    synonyms={"replies": "replies from the lead", "page views": "web pages viewed", "emails opened": "emails they opened",
              "meetings booked": "meetings that were booked", "forms submitted": "forms they submitted"},
    certainty=("They are certain to become a customer.", "There is no way that this fails.",
               "Success is assured.", "This will surely close."),
    inventions=("a merger with a rival", "praise from an industry analyst", "the wife of the owner",
                "tax relief for small firms"),
)  # fmt: skip

VOICES = {"first": DEVELOPMENT, "second": SECOND, "third": THIRD, "fourth": FOURTH, "held out": HELD_OUT}
"""The checker was fitted to all but the last."""
