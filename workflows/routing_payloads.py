"""What crosses between the routing keeper, its activity and its next run: counts and moments, never a lead."""

from pydantic import Field

from domain.values import Instant, Market, Value


class SweepRequest(Value):
    """Sweep over a market; the same key hands over the same leads when it is retried."""

    market: Market
    key: str


class Swept(Value):
    """What came of a sweep.

    Attributes:
        handed: Leads that changed hands.
        escalated: Leads that are overdue since this sweep.
        waiting: Leads that still wait.
        next_at: When something is due next.
    """

    handed: int = 0
    escalated: int = 0
    waiting: int = 0
    next_at: Instant | None = None


class RoutingState(Value):
    """Where a routing keeper stands: what it has done since its first run, and what it waits for."""

    market: Market
    sweeps: int = 0
    handed: int = 0
    escalated: int = 0
    failed: int = 0
    waiting: int = 0
    next_at: Instant | None = None


class RoutingRun(Value):
    """What a run of a routing keeper starts from.

    Attributes:
        market: Whose pool.
        sweeps_per_run: Sweeps after which a keeper continues as new, long before its history is large.
        asked: Whether a sweep was asked for that the run before did not make.
        state: What was done.
    """

    market: Market
    sweeps_per_run: int = Field(default=500, ge=1)
    asked: bool = False
    state: RoutingState | None = None
