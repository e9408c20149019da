"""What would raise a score: only actions that a rep can take, that make sense now, and that move it beyond its noise."""

from datetime import timedelta

import numpy as np
import pytest

from domain.errors import InvalidInputError
from domain.events import Channel, ConsentEvent, InteractionKind, Purpose
from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.calibration import sigmoid
from tools.scoring.context import MarketContext
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.explaining.actions import ACTIONS, open_steps, permitted
from tools.scoring.explaining.counterfactuals import bounds_of, find_counterfactuals, plausible_bounds
from tools.scoring.features import FEATURES, describe
from tools.scoring.guarding.reference import Reference
from tools.scoring.model import Prediction
from tools.scoring.table import build_features

NOW = START + timedelta(days=10)
READS = (
    "meetings_booked_total",
    "outbound_7d",
    "budget_discussed",
    "proposals_sent_total",
    "objections_resolved_share",
)
WEIGHTS = {"meetings_booked_total": 0.8, "budget_discussed": 0.5, "proposals_sent_total": 0.01, "outbound_7d": -0.2}


class Market:
    """A lead with a history, and a model whose weights are known."""

    def __init__(self, *kinds: str, weights=None, noise: float = 0.01):
        self.history = InMemoryHistory()
        self.history.add_lead("a", START)
        for day, kind in enumerate(kinds, start=1):
            self.history.add_event("a", START + timedelta(days=day / 2), kind)
        self.weights = WEIGHTS if weights is None else weights
        self.noise = noise
        self.batches = 0

    def frame(self):
        return self.history.frame(moments_of(("a", NOW)))

    def predict(self, table):
        self.batches += 1
        log_odds = np.full(table.height, -2.0)
        for name, weight in self.weights.items():
            log_odds += weight * table.get_column(name).cast(float).fill_null(0.0).to_numpy()
        p = sigmoid(log_odds)
        return Prediction(p, p - self.noise, p + self.noise, np.zeros((table.height, 0)))

    def find(self, *, bounds=None, allowed=None):
        return find_counterfactuals(
            self.frame(), features_of=lambda frame: build_features(frame, MarketContext.unknown()),
            predict=self.predict, reads=READS, bounds=bounds or {}, allowed=allowed,
        )  # fmt: skip


def test_the_best_action_comes_with_the_new_score_and_the_gain():
    (best, *_) = Market("email_replied").find()
    p = float(sigmoid(np.array(-2.0 + 0.8 + 0.5)))
    assert best.actions == ("meeting", "budget")
    assert best.points == pytest.approx(100 * p)
    assert best.gain == pytest.approx(100 * (p - float(sigmoid(np.array(-2.0)))))
    assert best.text == f"Book a meeting and discuss the budget: +{best.gain:.0f} points (to {best.points:.0f})"


def test_everything_is_scored_in_one_batch():
    market = Market("email_replied")
    market.find()
    assert market.batches == 1


def test_a_pair_must_beat_the_better_of_its_halves():
    found = Market("email_replied").find()
    assert ("meeting",) in [one.actions for one in found]
    assert all("proposal" not in one.actions for one in found)


def test_only_features_that_a_rep_can_change_are_named():
    for one in Market("email_replied", "objection_raised").find():
        assert one.features
        assert all(describe(name).actionable for name in one.features)
        assert set(one.features) <= set(READS)


def test_a_booked_meeting_is_not_proposed_again_until_it_is_held():
    assert all("meeting" not in one.actions for one in Market("meeting_booked").find())
    held = Market("meeting_booked", "meeting_attended").find()
    assert any("meeting" in one.actions for one in held)


def test_nothing_that_was_done_is_proposed_again():
    found = Market("call_answered", "budget_discussed", "proposal_sent").find()
    assert all({"budget", "proposal"}.isdisjoint(one.actions) for one in found)


def test_the_budget_is_not_brought_up_out_of_the_blue():
    assert all("budget" not in one.actions for one in Market("page_viewed").find())


def test_nothing_is_proposed_where_nothing_helps_beyond_the_noise():
    assert Market("email_replied", noise=0.3).find() == ()
    assert Market("email_replied", weights={"meetings_booked_total": 0.05}).find() == ()
    assert Market("email_replied", weights={"meetings_booked_total": -1.0, "budget_discussed": -1.0}).find() == ()


def test_what_hardly_any_lead_got_is_implausible():
    weights = {"outbound_7d": 1.0}
    assert Market("page_viewed", weights=weights).find()
    assert Market("page_viewed", weights=weights).find(bounds={"outbound_7d": (0.0, 0.0)}) == ()


def test_a_caller_can_forbid_actions():
    assert {a for one in Market("email_replied").find(allowed=frozenset({"budget"})) for a in one.actions} == {"budget"}
    assert Market("email_replied").find(allowed=frozenset()) == ()


def test_a_history_of_two_moments_is_refused():
    market = Market("email_replied")
    frame = market.history.frame(moments_of(("a", NOW), ("a", START + timedelta(days=2))))
    with pytest.raises(InvalidInputError, match="one lead at one moment"):
        find_counterfactuals(frame, features_of=lambda f: f, predict=market.predict, reads=READS, bounds={})


def test_two_messages_are_never_proposed_together():
    steps = open_steps({InteractionKind.EMAIL_REPLIED: 1, InteractionKind.OBJECTION_RAISED: 1}, None)
    assert all(sum(action.is_contact for action in step) <= 1 for step in steps)
    assert max(len(step) for step in steps) == 2


def test_every_action_moves_a_feature_that_a_rep_can_change():
    for action in ACTIONS:
        assert any(feature.actionable and action.kind in feature.kinds for feature in FEATURES)


def test_bounds_are_what_nearly_all_leads_stay_within():
    matrix = np.column_stack([np.arange(101.0), np.arange(101.0), np.full(101, np.nan)])
    bounds = plausible_bounds(matrix, ("outbound_7d", "page_views_7d", "proposals_sent_total"))
    assert bounds == {"outbound_7d": (0.0, 95.0)}


def test_bounds_kept_with_a_model_are_nearly_those_of_its_rows():
    names = ("outbound_7d", "page_views_7d")
    schema = Schema(columns=tuple(Column(name=name, kind=Kind.NUMBER) for name in names))
    matrix = np.column_stack([np.arange(101.0), np.arange(101.0)])
    kept = bounds_of(Reference.of(matrix, schema, np.full(101, 0.2)))
    assert set(kept) == {"outbound_7d"}
    assert kept["outbound_7d"][0] == 0.0
    assert 80 <= kept["outbound_7d"][1] <= 101


def test_only_a_message_on_a_channel_that_the_lead_agreed_to_may_be_proposed():
    def said(channel, granted, days) -> ConsentEvent:
        at = START - timedelta(days=days)
        return ConsentEvent(
            id=f"{channel}-{days}", lead_id="l", channel=channel, purpose=Purpose.MARKETING, granted=granted, at=at,
            source="form",
        )  # fmt: skip

    silent = {"meeting", "budget", "objection"}
    assert permitted([], now=START) == silent
    assert permitted([said(Channel.EMAIL, True, 9)], now=START) == silent | {"email", "proposal"}
    assert permitted([said(Channel.PHONE, True, 9), said(None, False, 1)], now=START) == silent
