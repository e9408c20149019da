"""What all pairs say about an optimum over some of them: a bound, and the pairs that could add to it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tools.matching.arrays import BoolMatrix, BoolVector, FloatMatrix, FloatVector, IntVector, SingleMatrix
from tools.matching.flow import POOL, Arcs, Duals, Flow
from tools.matching.places import Places

_ADDED = 8
_CHUNK = 256


@dataclass(frozen=True)
class Pairs:
    """All pairs that the hard rules allow.

    Attributes:
        utilities: Shape (n_leads, n_reps). Finite where allowed.
        eligible: Shape (n_leads, n_reps).
        vip: Shape (n_leads,). Which leads are VIPs.
        places: Places of the reps.
    """

    utilities: FloatMatrix
    eligible: BoolMatrix
    vip: BoolVector
    places: Places

    @cached_property
    def room(self) -> BoolMatrix:
        """Shape (2, n_reps). Whether a rep has any place for a lead that is no VIP, and for a VIP."""
        held = np.bincount(self.places.held_rep, minlength=self.utilities.shape[1])
        return np.array([self.places.ordinary > 0, (self.places.free + held) > 0])

    @cached_property
    def able(self) -> IntVector:
        """Leads with an allowed rep who has room; the others wait whatever is decided. Shape (n_able,)."""
        found = [(self.eligible[rows] & self._room_of(rows)).any(axis=1) for rows in self._blocks(len(self.utilities))]
        return np.flatnonzero(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    @cached_property
    def largest(self) -> float:
        """At least the size of any utility of an allowed pair; NaN or infinite only if one of those is."""
        low, high = float(self.utilities.min(initial=0.0)), float(self.utilities.max(initial=0.0))
        if np.isfinite(low) and np.isfinite(high):
            return max(-low, high)
        return float(np.abs(self.utilities[self.eligible]).max(initial=0.0))

    def arcs(self, codes: IntVector) -> Arcs:
        """Return the pairs of `code = able lead * n_reps + rep`, which must ascend."""
        lead, rep = np.divmod(codes, self.utilities.shape[1])
        return Arcs(lead, rep, self.utilities[self.able[lead], rep].astype(np.float64))

    def usable(self) -> IntVector:
        """Return the codes of all pairs with room."""
        able = self.able
        codes = []
        for rows in self._blocks(len(able)):
            lead = self._at(rows)
            usable = self.eligible[lead] & self._room_of(lead)
            codes.append(np.flatnonzero(usable) + rows.start * self.utilities.shape[1])
        return np.concatenate(codes)

    def net(self) -> SingleMatrix:
        """Return utilities of the able leads as float32, minus infinity for pairs that are not allowed or full."""
        able = self.able
        net = np.empty((len(able), self.utilities.shape[1]), dtype=np.float32)
        for rows in self._blocks(len(able)):
            lead = self._at(rows)
            net[rows] = self.utilities[lead]
            net[rows][~(self.eligible[lead] & self._room_of(lead))] = -np.inf
        return net

    def surplus_of(self, flow: Flow) -> FloatVector:
        """Return the utility less price of each able lead where it is; minus the penalty where it waits."""
        price = np.where(self.vip[self.able], flow.duals.vip[flow.rep], flow.duals.ordinary[flow.rep])
        return np.where(flow.rep == POOL, -flow.duals.penalty, self.utilities[self.able, flow.rep] - price)

    def limit(self, flow: Flow) -> float:
        """Bound the worth of every assignment that serves as many leads as the flow does: weak duality.

        Each lead gets what its best pair is worth at the prices, each place what its price exceeds its cost. That is
        at least the worth of any assignment, whatever the prices.
        """
        duals, places = flow.duals, self.places
        limit = duals.penalty * float(np.count_nonzero(flow.rep == POOL))
        for _, surplus in self._surpluses(duals):
            limit += float(np.maximum(surplus.max(axis=1), -duals.penalty).sum())
        limit += float(np.maximum(duals.place[places.rep] - places.cost, 0).sum())
        limit += float(np.maximum(duals.vip[places.held_rep] - places.held_worth, 0).sum())
        return limit + float(places.ordinary @ np.maximum(duals.ordinary - duals.place, 0))

    def violating(self, flow: Flow) -> IntVector:
        """Return the codes of pairs that could add to the worth at these prices, the best few of each lead."""
        n_reps = self.utilities.shape[1]
        here = self.surplus_of(flow)
        slack = 1e-9 * max(1.0, float(np.abs(here[flow.rep != POOL]).max(initial=0.0)))
        n = min(_ADDED, n_reps)
        more = []
        for rows, surplus in self._surpluses(flow.duals):
            lead = np.flatnonzero(surplus.max(axis=1) > here[rows] + slack)
            top = np.argpartition(surplus[lead], -n, axis=1)[:, -n:]
            better = np.take_along_axis(surplus[lead], top, axis=1) > here[rows][lead, None] + slack
            more.append(((lead + rows.start)[:, None] * n_reps + top)[better])
        return np.concatenate(more)

    def price_full_reps(self, flow: Flow) -> Duals:
        """Return the prices with those of reps without room: the most that any lead would gain with them, or 0."""
        duals, room = flow.duals, self.room
        prices = [duals.ordinary.copy(), duals.vip.copy()]
        surplus = np.full(len(self.utilities), -duals.penalty)
        surplus[self.able] = self.surplus_of(flow)
        for group in (0, 1):
            full = np.flatnonzero(~room[group])
            leads = np.flatnonzero(self.vip == bool(group))
            if not len(full) or not len(leads):
                continue
            prices[group][full] = 0.0
            for rows in self._blocks(len(leads)):
                lead = leads[rows]
                allowed = self.eligible[np.ix_(lead, full)]
                gain = np.where(allowed, self.utilities[np.ix_(lead, full)] - surplus[lead, None], 0.0)
                prices[group][full] = np.maximum(prices[group][full], gain.max(axis=0))
        return replace(duals, ordinary=prices[0], vip=prices[1], place=np.maximum(duals.place, prices[1]))

    def _surpluses(self, duals: Duals) -> Iterator[tuple[slice, FloatMatrix]]:
        """Go through utility less price of the able leads in blocks; minus infinity where not allowed or full."""
        able = self.able
        price = np.where(self.room, np.array([duals.ordinary, duals.vip]), np.inf)
        for rows in self._blocks(len(able)):
            lead = self._at(rows)
            of_lead = price[1] if self.vip[lead].all() else price[0]
            if self.vip[lead].any():
                of_lead = price[self.vip[lead].astype(np.int64)]
            yield rows, np.where(self.eligible[lead], self.utilities[lead] - of_lead, -np.inf)

    def _at(self, rows: slice) -> IntVector | slice:
        """Return where some of the able leads are among all; as a slice, which copies nothing, where all are able."""
        return rows if len(self.able) == len(self.utilities) else self.able[rows]

    def _room_of(self, lead: IntVector | slice) -> BoolMatrix:
        return self.room[self.vip[lead].astype(np.int64)]

    @staticmethod
    def _blocks(n: int) -> Iterator[slice]:
        return (slice(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))
