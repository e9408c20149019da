"""What would have been said of past leads as they arrived."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from tests.unit.scoring.conftest import MARKET, START, InMemoryHistory
from tools.scoring.metrics import auc_interval
from tools.scoring.registry import FileModelRegistry
from tools.scoring.trainer import LEAST_ARRIVALS, TrainingTool

NOW = START + timedelta(days=560)


async def arrivals(history: InMemoryHistory, folder, **options):
    return await TrainingTool(history, FileModelRegistry(folder)).score_arrivals(MARKET, now=NOW, **options)


async def test_past_leads_are_scored_as_they_came_by_models_that_knew_nothing_later(floor, tmp_path):
    """Turned round, the ends of the last quarter change no score: no model has seen them."""
    leads = sorted((lead["at"], lead["lead_id"]) for lead in floor.leads if lead["at"] < NOW)
    last_quarter = leads[len(leads) * 3 // 4][0]
    turned = {"won": "lost", "lost": "won", "disqualified": "disqualified"}
    ends = [e | {"outcome": turned[e["outcome"]]} if e["outcome_at"] >= last_quarter else e for e in floor.ends]
    said: list[tuple[str, float]] = []
    scores = await arrivals(floor, tmp_path, progress=lambda stage, share: said.append((stage, share)))
    assert scores == await arrivals(replace(floor, ends=ends), tmp_path)
    assert set(scores) == {lead_id for _, lead_id in leads[len(leads) // 4 :]}
    assert ("scoring past leads as they came", 0.0) in said
    assert [share for _, share in said] == sorted(share for _, share in said)


async def test_they_tell_good_leads_from_others(floor, tmp_path):
    scores = await arrivals(floor, tmp_path)
    ended = {end["lead_id"]: end["outcome"] == "won" for end in floor.ends}
    known = [lead_id for lead_id in scores if lead_id in ended]
    found = auc_interval(np.array([scores[i] for i in known]), np.array([ended[i] for i in known]))
    assert found is not None
    assert found.low > 0.5


async def test_too_few_leads_are_not_scored(tmp_path):
    history = InMemoryHistory()
    for number in range(LEAST_ARRIVALS - 1):
        history.add_lead(f"lead-{number}", START + timedelta(hours=number))
    assert await arrivals(history, tmp_path) == {}
