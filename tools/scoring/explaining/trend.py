"""Says where a score is heading, from its dated snapshots, and what brought it there. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.errors import InvalidInputError
from domain.insights import ScoreTrend, TrendPoint
from domain.score_history import Trend
from tools.scoring.explaining.changes import Snapshot, explain_change

WINDOW = timedelta(days=14)
"""How far back a movement counts."""

ENTERS, LEAVES = 3.0, 1.0
"""Points. A score begins to move when it is this far from its level a fortnight ago, and stops below the second."""

_ENTERS_SHARE, _LEAVES_SHARE = 0.15, 0.05
_TWO = 2


def trend(
    snapshots: Sequence[Snapshot],
    *,
    interactions: Sequence[Mapping[str, Any]] = (),
    same_facts: Mapping[int, Snapshot] | None = None,
) -> ScoreTrend | None:
    """Say whether a score is improving, declining or steady, with the cause of each change.

    The movement is what the lead did to its score within a fortnight; what a new model did to it is left out. A
    direction begins at 3 points and at 15 % of the score, and ends below 1 point or 5 % of it, so that a score near
    the threshold does not change direction every day.

    Args:
        snapshots: Scores of one lead, oldest first.
        interactions: The lead's interactions, oldest first: `id`, `kind`, `at`.
        same_facts: Where the model changed: position of the newer snapshot to the older facts scored by the newer
            model.

    Returns:
        None with fewer than two scores: one point has no direction.

    Raises:
        InvalidInputError: If the snapshots are not in order, or a change of model cannot be told apart.
    """
    if len(snapshots) < _TWO:
        return None
    first = snapshots[0]
    history = [_point(first, Trend.STEADY, None)]
    level, levels = 0.0, [0.0]
    for i in range(1, len(snapshots)):
        before, after = snapshots[i - 1], snapshots[i]
        if after.as_of <= before.as_of:
            raise InvalidInputError("snapshots", after.as_of.isoformat(), "must be in order of time, each moment once")
        change = explain_change(before, after, interactions=interactions, same_facts=(same_facts or {}).get(i))
        level += change.points - change.model_points
        levels.append(level)
        direction = next_direction(history[-1].direction, _moved(snapshots, levels, i), after.points)
        history.append(_point(after, direction, change))
    return ScoreTrend(direction=history[-1].direction, history=tuple(history))


def next_direction(current: Trend, moved: float, points: float) -> Trend:
    """Move from one direction to the next.

    Args:
        current: Direction until now.
        moved: Points within the window.
        points: The score, 0 to 100.
    """
    enters, leaves = max(ENTERS, _ENTERS_SHARE * points), max(LEAVES, _LEAVES_SHARE * points)
    if abs(moved) >= enters:
        return Trend.IMPROVING if moved > 0 else Trend.DECLINING
    stays = (current is Trend.IMPROVING and moved >= leaves) or (current is Trend.DECLINING and moved <= -leaves)
    return current if stays else Trend.STEADY


def _moved(snapshots: Sequence[Snapshot], levels: Sequence[float], i: int) -> float:
    """Return the points since the newest score that is at least a window old, or since the first one."""
    since = snapshots[i].as_of - WINDOW
    start = max((j for j in range(i) if snapshots[j].as_of <= since), default=0)
    return levels[i] - levels[start]


def _point(snapshot: Snapshot, direction: Trend, change: Any) -> TrendPoint:
    return TrendPoint(
        at=snapshot.as_of,
        points=snapshot.points,
        low=100 * snapshot.low,
        high=100 * snapshot.high,
        direction=direction,
        change=change,
    )
