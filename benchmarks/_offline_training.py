"""A scorer trained on a log in memory, as benchmarks need it. Measures nothing."""

from datetime import datetime

import numpy as np

from domain.values import Market
from tools.scoring.event_log import EventLog
from tools.scoring.model import TrainedModel
from tools.scoring.preparation import TrainingData, prepare_offline_training
from tools.scoring.training import train


def train_offline(log: EventLog, market: Market, *, now: datetime, seed: int) -> tuple[TrainingData, TrainedModel]:
    """Prepare what was settled before a moment, and train on it."""
    data = prepare_offline_training(log, market, now=now)
    model = train(
        data.frame,
        data.labels,
        data.times,
        settles_at=data.settles_at,
        groups=data.groups,
        judged=data.judged,
        rng=np.random.default_rng(seed),
    )
    return data, model
