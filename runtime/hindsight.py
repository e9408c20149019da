"""What the scorer would have said of past leads as they arrived, for those that nobody scored then. Chooses no rep.

An imported history has no scores. The matcher needs them to tell good leads from good reps.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.values import Instant, LeadId, Market, Probability, Value, content_hash
from tools.scoring.history import History
from tools.scoring.trainer import TrainingTool
from tools.scoring.training import Progress

_GROWN = 1.5


class Arrivals(Value):
    """Scores of past leads as they arrived.

    Attributes:
        until: They were made of the leads before this moment.
        leads: So many there were.
        scores: Probability of each, in [0, 1]; those that the first model learned from have none.
    """

    until: Instant
    leads: int
    scores: dict[LeadId, Probability]


@dataclass(frozen=True)
class Hindsight:
    """Keeps such scores in a folder, a file for each market.

    They are made once: leads that come later are scored as they come. When half as many old leads again are imported,
    they are made anew.

    Attributes:
        trainer: What makes models of what was known at a moment.
        history: How many leads there were.
        folder: Where the files are.
    """

    trainer: TrainingTool
    history: History
    folder: Path

    def of_market(self, market: Market) -> Mapping[LeadId, float]:
        """Return the probabilities that are kept, by lead; none before they were made."""
        kept = self._kept(market)
        return {} if kept is None else kept.scores

    async def refresh(self, market: Market, *, now: datetime, progress: Progress | None = None) -> bool:
        """Make the scores where there are none, or far more leads than they were made of. Returns whether it did."""
        kept = self._kept(market)
        if kept is not None:
            there = await self.history.outcomes(market, before=kept.until)
            if there.height < _GROWN * kept.leads:
                return False
        scores = await self.trainer.score_arrivals(market, now=now, progress=progress)
        if not scores:
            return False
        leads = (await self.history.outcomes(market, before=now)).height
        self._keep(market, Arrivals(until=now, leads=leads, scores=scores).model_dump_json())
        return True

    def _kept(self, market: Market) -> "Arrivals | None":
        file = self._file(market)
        return Arrivals.model_validate_json(file.read_text("utf-8")) if file.exists() else None

    def _keep(self, market: Market, text: str) -> None:
        """Write the file in one step: a reader sees the old one or the new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(self._file(market))

    def _file(self, market: Market) -> Path:
        return self.folder / f"arrivals-{content_hash(market)}.json"
