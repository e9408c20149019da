"""Writes the documentation of the features from their table. Pure: no clock, no I/O."""

from tools.scoring.features import FEATURES, Family, Feature

ASKED = (
    ("engagement_score", "`engagement_score`", "sum of worth with a half-life of 7 days"),
    ("product_affinity", "`product_affinity`", ""),
    ("agent success rate on similar leads", "`rep_win_rate_lift`, `rep_similar_win_rate_lift`", ""),
    ("engagement_velocity", "`engagement_velocity`", ""),
    ("response_latency", "`response_latency_hours`", "a quantity carries its unit"),
    ("interaction_frequency", "`interaction_frequency`", ""),
    ("content_consumption_score", "`content_consumption_score`", ""),
    ("decision_maker_probability", "`decision_maker_probability`", ""),
    ("company_maturity_score", "`company_maturity_score`", ""),
    ("industry_affinity", "`industry_affinity`", ""),
    ("geographic_opportunity", "`geographic_opportunity`", ""),
    ("quarter_end_proximity", "`quarter_end_proximity`", ""),
    ("seasonal_intent", "`seasonal_intent`", ""),
    ("lead_age_decay", "`lead_age_decay`", "exp(-d / 30)"),
    ("time_of_day_preference", "`time_of_day_preference`", ""),
    ("meeting_attendance_rate", "`meeting_attendance_rate`", ""),
    ("proposal_engagement", "`proposal_engagement`", ""),
    (
        "objection_handling_score",
        "`objections_resolved_share`",
        "asked for as raised / resolved, which rises when handling gets worse and divides by zero: here resolved / raised",
    ),
    ("budget_discussion_depth", "`budget_discussion_depth`", ""),
)
"""Names that were asked for: the column that holds each, and what differs."""

FUNCTIONS = (
    ("ingest_lead_data", "event_log", "raw frames to an event log in memory"),
    ("process_interactions", "reading", "a history to arrays, in order of time, without bots"),
    ("generate_behavioral_features", "behaviour", "arrays of events to behaviour features"),
    ("extract_features", "preparation", "a log and moments to the feature table"),
    ("build_features", "table", "a history to the feature table"),
    ("build_row", "table", "the records of one lead to its features"),
    ("prepare_training_data", "preparation", "labelled moments, their history and outcomes to training data"),
    ("prepare_scoring_data", "preparation", "a history to the table and the matrix that a model reads"),
    ("find_flags", "flags", "bots, outliers, gaps and an old model, said in words"),
)
"""Public functions: name, module under `tools.scoring`, from what to what."""

_FAMILIES = {
    Family.FIT: "Who the lead is",
    Family.ENGAGEMENT: "What the lead did",
    Family.TIMING: "When",
    Family.MARKET: "What the team and the market have seen",
}
_HEAD = "| feature | unit | formula | as of | interactions | days | a rep can change it |"


def page() -> str:
    """Return `docs/features.md`."""
    parts = ["# Features", _INTRODUCTION]
    for family, title in _FAMILIES.items():
        rows = [feature for feature in FEATURES if feature.family is family]
        parts += [f"## {title}", "\n".join([_HEAD, "|---|---|---|---|---|---|---|", *map(_row, rows)])]
    parts += ["## Fields that a team adds", _FIELDS, "## Not measured, bots, outliers, gaps", _QUALITY]
    parts += ["## Names that were asked for", _table(("asked for", "column", "note"), ASKED)]
    calls = [(f"`{name}`", f"`tools.scoring.{module}`", what) for name, module, what in FUNCTIONS]
    parts += ["## Where to call", _table(("function", "module", "from what to what"), calls), _EXAMPLE]
    return "\n\n".join(parts) + "\n"


def _row(feature: Feature) -> str:
    kinds = ", ".join(sorted(feature.kinds)) if len(feature.kinds) < 5 else f"{len(feature.kinds)} kinds"  # noqa: PLR2004 - a longer list says less
    days = "" if not feature.kinds else "all" if feature.days is None else str(feature.days)
    change = f"{feature.bounds[0]:g} to {feature.bounds[1]:g}" if feature.bounds else ""
    cells = (f"`{feature.name}`", feature.unit, feature.formula, feature.as_of_rule, kinds, days, change)
    return f"| {' | '.join(cells)} |"


def _table(head: tuple[str, ...], rows: object) -> str:
    lines = [head, tuple("---" for _ in head), *rows]  # type: ignore[misc]  # a generator of texts is a row too
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_INTRODUCTION = f"""Made from the table in `tools/scoring/families/` by `tools.scoring.feature_page.page()`; a test compares the two.

{len(FEATURES)} features, computed as of a moment from what was known strictly before it. One engine (`tools/scoring/behaviour.py`) serves one lead and a million: events become arrays, counts are `bincount`s on one integer key, and sums run in the order of the events, so that a lead gets the same numbers alone and among others. Property tests hold it to that, and to this: no event at or after the moment changes any feature."""

_FIELDS = """Every field of a lead is a column `field.<name>`; the schema that is stored with a model says how it is read.

- Text that reads as a number everywhere is a number (`unknown`, `n/a`, `Select` and the like are then not measured), `true` and `false` are a flag, other text is a category: levels with ten leads and more, at most 60; rare and unseen ones share a code.
- A date in ISO form becomes `field.<name>.days_since` and `field.<name>.days_until`, one of which is null: how far it lies from the moment. The date itself is not read, because no date of the training comes again.
- Text in which most values are unique enters by its number of words and the words that 2 % to 60 % of the leads use (at most twelve, chosen without a look at results), if it is made of sentences; names and ids are left out.
- `infer_schema(frame, leave_out=...)` leaves out what an administrator names, and what is derived from it."""

_QUALITY = """- **Not measured is null, never 0.** A count is 0 only where the log covers its whole window and has ever held its kind; a feature that needs texts, durations, pages or products is null where the log never held one.
- **Bots**: interactions whose user agent says so, and page views of visits that went like a bot's: share of views without dwell x min(1, 2 s / mean gap) x min(1, views / 10) of 0.8 and more. A visit ends after 30 minutes without an event. Both are left out and listed in the flag `bot`.
- **Outliers** are flagged outside both the 0.1 % and 99.9 % quantiles of the training and Tukey's outer fences.
- **Gaps**: LightGBM needs no imputation, a missing value takes a side of its own at each split. The linear model puts a missing value at the training's mean and has an indicator beside it. The flag `imputed` names the facts that nine of ten leads have and this one lacks.
- **Rates** by rep, product, region, industry and season come from leads that ended before the moment, never the lead itself, and are shrunk. After the training they stand still until the next one.
- No sentiment: VADER knows English only; prices, competitors, haste and questions are told by words in English and Spanish."""

_EXAMPLE = """```python
from tools.scoring.event_log import ingest_lead_data
from tools.scoring.preparation import prepare_offline_training

log = ingest_lead_data(leads, interactions, assignments, outcomes)
data = prepare_offline_training(log, market, now=now)
model = train(
    data.frame, data.labels, data.times, settles_at=data.settles_at, groups=data.groups, judged=data.judged, rng=rng
)
```"""
