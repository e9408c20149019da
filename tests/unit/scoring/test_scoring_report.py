"""The page says what the card says, in words first, and needs nothing but itself."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from domain.errors import InvalidInputError
from domain.scores import Rung
from tests.unit.scoring.conftest import MARKET, START
from tools.scoring.card import ModelCard, to_markdown, with_predictions
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.evidence import Evidence, Measure, RungEvidence
from tools.scoring.guarding.drift import detect_drift
from tools.scoring.guarding.findings import Finding, GuardReport, Rule
from tools.scoring.guarding.importance import compare_importance
from tools.scoring.guarding.reference import Reference
from tools.scoring.model import untrained_model
from tools.scoring.reporting.curves import MAX_POINTS, Curves, curves_of
from tools.scoring.reporting.page import to_html
from tools.scoring.reporting.summary import headline, sentences

IMPORTANCE = {"inbound_7d": 0.4, "inbound_30d": 0.2, "source": 0.3, "field.roof <age>": 0.1}


def predictions(n: int, seed: int = 1, *, slope: float = 1.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(2.2 - slope * rng.normal(size=n)))
    return p, rng.random(n) < p


P, LABELS = predictions(2000)
GUARD = GuardReport(
    findings=(
        Finding(column="field.contract <no>", rule=Rule.TOO_GOOD, evidence={"auc": 0.99}, why="it knows the outcome"),
        Finding(column="field.crm_id", rule=Rule.ID_LIKE, evidence={}, why="2000 different values in 2000 rows"),
        Finding(column="field.planned", rule=Rule.AFTER_DECISION, evidence={}, why="dates lie ahead", kept=True),
    )
)


def card(**changes) -> ModelCard:
    model = untrained_model()
    evidence = Evidence(
        rows=2000, won=int(LABELS.sum()), folds=5, tested_rows=2000, why="gbm: log loss lower", calibration="beta map",
        candidates=(RungEvidence(rung=Rung.GBM, auc=0.78, auc_low=0.75, auc_high=0.81, log_loss=0.3),),
        measures=(Measure(name="auc", value=0.78, low=0.76, high=0.8), Measure(name="ece", value=0.012),
                  Measure(name="ece_if_perfect", value=0.011), Measure(name="precision_at_20_ceiling", value=0.66)),
        importance=IMPORTANCE,
    )  # fmt: skip
    made = ModelCard(
        market=MARKET, version="abc", trained_at=START, data_from=START, data_to=START, leads=2000, censored=9,
        label="won", rung=Rung.GBM, no_signal=None, base_rate=model.base_rate, evidence=evidence, interval="wide",
        features=(), left_out=GUARD.left_out(), guard=GUARD, versions={"numpy": np.__version__}, seed=1,
    )  # fmt: skip
    return with_predictions(made, P, LABELS, thresholds=(0.5, 0.2)).model_copy(update=changes)


class _Page(HTMLParser):
    """Collects what a page shows and what it asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in {"meta", "br", "path", "use"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        self.text += f" {data}"


@pytest.fixture(scope="module")
def text() -> str:
    return to_html(card())


def test_the_first_sentence_says_what_the_scores_are_good_for(text):
    top = np.sort(P)[-400:].min()
    converted, base = LABELS[top <= P].mean(), LABELS.mean()
    assert headline(card()).startswith(f"Of the 20 % of leads with the highest scores, {100 * converted:.0f} in 100")
    assert headline(card()).endswith(f"of all leads, {100 * base:.0f} in 100.")
    assert headline(card()) in text


def test_the_page_needs_no_script_and_no_other_file(text):
    page = _Page(text)
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    asked = [value for _, name, value in page.attributes if name in {"src", "href", "xlink:href", "action"}]
    assert [value for value in asked if not value.startswith("#")] == []
    assert not re.findall(r"@import|url\((?!#)", text)


def test_every_plot_has_words_and_numbers_beside_it(text):
    page = _Page(text)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("div", "role")]
    alternatives = [value for tag, name, value in page.attributes if (tag, name) == ("div", "aria-label")]
    assert images.count("img") == len(alternatives) == page.tags.count("svg") == 6
    assert all(len(words) > 30 for words in alternatives)
    assert page.tags.count("details") >= 6


def test_ids_are_unique_though_plots_share_their_shapes(text):
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_plots_take_their_colours_from_the_page(text):
    assert "var(--accent)" in text
    assert not re.findall(r"(?:fill|stroke): ?#[0-9a-f]{6}", text)


def test_the_same_card_gives_the_same_page(text):
    assert to_html(card()) == text


def test_what_people_typed_is_shown_not_run(text):
    assert "contract &lt;no&gt;" in text
    assert "roof &lt;age&gt;" in text
    assert "<age>" not in text


def test_what_was_left_out_is_named_with_its_reason(text):
    shown = _Page(text).text
    assert "1 column was left out because it knows the outcome: contract <no>" in " ".join(shown.split())
    for words in ("it knows the outcome", "2000 different values", "kept, as told"):
        assert words in shown


def test_reasons_are_told_by_fact_with_labels_not_names(text):
    shown = _Page(text).text
    assert "actions by the lead in the last 7 days" in shown
    assert "inbound_7d" not in shown
    assert "60.0 %" in shown


def test_without_predictions_there_are_no_plots_and_nothing_is_claimed():
    model = untrained_model()
    bare = card(curves=None, at_thresholds=(), rung=Rung.RULES, evidence=model.evidence, guard=None, left_out=())
    page = to_html(bare)
    assert "Not tested yet: hand-set rules answer" in page
    assert "<svg" not in page


def test_no_signal_is_the_first_thing_said():
    silent = card(no_signal="No signal: the interval contains 0.5.")
    assert headline(silent).startswith("No signal")
    assert sentences(silent) == ["No signal: the interval contains 0.5."]
    assert "<svg" not in to_html(silent)


def test_probabilities_that_are_off_are_called_so():
    off = card().evidence.model_copy(
        update={"measures": (Measure(name="ece", value=0.06), Measure(name="ece_if_perfect", value=0.01))}
    )
    assert any("off by more than chance" in sentence for sentence in sentences(card(evidence=off)))
    assert any("means what it says" in sentence for sentence in sentences(card()))


def test_drift_and_shifted_importance_are_shown_when_given():
    schema = Schema(columns=(Column(name="inbound_7d", kind=Kind.NUMBER),))
    rng = np.random.default_rng(1)
    reference = Reference.of(rng.normal(size=(3000, 1)), schema, P[:1000], LABELS[:1000])
    drift = detect_drift(reference, rng.normal(size=(900, 1)) + 2, P[:900])
    page = to_html(card(), drift=drift, shifts=compare_importance({"region": 1.0}, IMPORTANCE))
    shown = " ".join(_Page(page).text.split())
    assert "Leads have changed since the training" in shown
    assert re.search(r"actions by the lead in the last 7 days ?drift", shown)
    assert "The two versions rest on different things" in shown


def test_the_text_card_lists_what_the_page_lists():
    written = to_markdown(card(promotion="not worse beyond noise", recalibration=("level moved by -0.2",)))
    for words in ("## Found by the leakage guard", "## The highest-scored leads", "## Acting from a threshold on",
                  "- Serving: not worse beyond noise", "- Recalibrated: level moved by -0.2"):  # fmt: skip
        assert words in written


def test_a_card_survives_json():
    assert ModelCard.model_validate_json(card().model_dump_json()) == card()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 3000), digits=st.integers(1, 4))
def test_curves_stay_in_range_and_end_where_they_must(seed, n, digits):
    p, labels = predictions(n, seed)
    curves = curves_of(np.round(p, digits), labels)
    for points in (curves.roc, curves.pr, curves.gain):
        assert len(points) <= MAX_POINTS
        assert all(0 <= value <= 1 for point in points for value in point)
    x = [point[0] for point in curves.gain]
    assert x == sorted(x)
    assert curves.gain[0] == (0.0, 0.0)
    assert curves.gain[-1] == (1.0, 1.0 if labels.any() else 0.0)
    assert sum(point.rows for point in curves.reliability) == n
    assert all(point.low <= point.seen <= point.high for point in curves.reliability)


def test_curves_are_those_of_the_definition():
    p, labels = np.round(P[:120], 2), LABELS[:120]
    curves = curves_of(p, labels)
    false_rate, hit_rate, _ = roc_curve(labels, p, drop_intermediate=False)
    assert curves.roc == tuple(zip(np.round(false_rate, 5).tolist(), np.round(hit_rate, 5).tolist(), strict=True))
    precision, recall, _ = precision_recall_curve(labels, p)
    expected = set(zip(np.round(recall, 5).tolist(), np.round(precision, 5).tolist(), strict=True))
    assert set(curves.pr) == expected - {(0.0, 1.0)}


def test_a_thinned_curve_keeps_its_area():
    curves = curves_of(P, LABELS)
    x, y = np.array(curves.roc).T
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(LABELS, P), abs=0.002)


def test_the_top_does_not_depend_on_the_order_of_the_rows():
    p, labels = np.round(P, 1), LABELS
    order = np.random.default_rng(1).permutation(len(p))
    assert curves_of(p, labels).tops == curves_of(p[order], labels[order]).tops


def test_curves_survive_json():
    curves = curves_of(P, LABELS)
    assert Curves.model_validate_json(curves.model_dump_json()) == curves


def test_no_rows_have_no_curves():
    with pytest.raises(InvalidInputError, match="one at least"):
        curves_of(np.array([]), np.array([], dtype=bool))
