"""Plans a day on the road from the records: reps and leads by id, hard rules, and a process that does the sums.

OR-Tools' routing keeps the interpreter's lock while it searches, so in a thread it would hold up every other request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio.to_process
import numpy as np

from domain.errors import InvalidInputError, LeadNotFoundError, RoadsUnavailableError, UnavailableError
from domain.people import Lead, Product, Rep
from domain.ports import ProductRecords, RepRecords
from domain.routing import place_of
from domain.routing_ports import RoutedLeads
from domain.values import LeadId, Place, ProductId, RepId
from tools.matching.arrays import BoolMatrix
from tools.matching.eligibility import exclude_unqualified, requirement_of
from tools.matching.territory.day import Appointment, DayPlan, Traveller
from tools.matching.territory.planning import Division, plan_routes
from tools.matching.territory.roads import Roads, survey
from tools.matching.territory.solving import Effort
from tools.matching.territory.travel import RoadEstimate, TravelTimes

MOST_APPOINTMENTS = 500
MOST_REPS = 100

_MINUTES_IN_AN_HOUR = 60.0
_STEPS_PER_APPOINTMENT = 4
_AT_ONCE = anyio.CapacityLimiter(2)


async def _in_a_process(work: Callable[[], DayPlan]) -> DayPlan:
    return await anyio.to_process.run_sync(work, cancellable=True, limiter=_AT_ONCE)


@dataclass(frozen=True)
class Stop:
    """An appointment as somebody asks for it: a place, or a lead that has one. Times are minutes since midnight."""

    id: str
    lead_id: LeadId | None = None
    place: Place | None = None
    minutes: float = 45.0
    opens: float = 0.0
    closes: float = 1440.0
    value: float = 0.0


@dataclass(frozen=True)
class Driver:
    """A rep as somebody asks for him: by id, or by place and hours; what is given goes before what is recorded."""

    id: str
    on_record: bool
    name: str | None = None
    place: Place | None = None
    work_start: float | None = None
    work_end: float | None = None


@dataclass(frozen=True)
class TerritoryDesk:
    """Answers requests for a day's routes.

    Attributes:
        leads: Where leads are read.
        reps: Where reps are read.
        products: Where products are read.
        road_server: Knows real driving times; None estimates them.
        run: Runs the sums where they hold up nobody.
        patience_s: How long beyond its ceiling a plan may take, for starting the process and the sums around the search.
    """

    leads: RoutedLeads
    reps: RepRecords
    products: ProductRecords
    road_server: TravelTimes | None = None
    run: Callable[[Callable[[], DayPlan]], Awaitable[DayPlan]] = _in_a_process
    patience_s: float = 30.0

    async def plan(
        self,
        stops: Sequence[Stop],
        drivers: Sequence[Driver],
        *,
        returns: bool = True,
        division: Division = Division.JOINT,
        travel_times: TravelTimes | None = None,
        seconds: float = 10.0,
    ) -> DayPlan:
        """Plan a day.

        Args:
            stops: In the order of booking. One with a lead goes only to reps who may take that lead.
            drivers: Who travels.
            returns: Whether reps drive back to where they started.
            division: How appointments are divided among reps.
            travel_times: Says how long driving takes; the road server does if absent, or an estimate without one. Called in
                a thread.
            seconds: Ceiling of the search.

        Raises:
            LeadNotFoundError: If there is no such lead.
            RepNotFoundError: If there is no such rep.
            InvalidInputError: If a place is known neither from the request nor from the records, or an id is repeated.
            UnavailableError: If the process that plans does not answer.
        """
        leads = await self._leads([stop.lead_id for stop in stops if stop.lead_id is not None])
        known = [await self.reps.get(RepId(driver.id)) if driver.on_record else None for driver in drivers]
        appointments = [_appointment(f"appointments.{number}", stop, leads) for number, stop in enumerate(stops)]
        travellers = [
            _traveller(f"reps.{number}", driver, rep, returns=returns)
            for number, (driver, rep) in enumerate(zip(drivers, known, strict=True))
        ]
        roads, source = await self._survey(appointments, travellers, travel_times)
        work = partial(
            plan_routes,
            roads,
            allowed=await self._allowed(stops, leads, known),
            division=division,
            effort=Effort(steps=1000 + _STEPS_PER_APPOINTMENT * len(stops), seconds=seconds),
        )
        try:
            async with asyncio.timeout(seconds + self.patience_s):
                day = await self.run(work)
        except TimeoutError:
            raise UnavailableError("routes were not planned in time; ask for fewer appointments at once") from None
        except anyio.BrokenWorkerProcess as error:
            raise UnavailableError(f"the process that plans routes ended: {error}") from error
        return day.model_copy(update={"driving_times": source})

    async def _survey(
        self, appointments: Sequence[Appointment], travellers: Sequence[Traveller], travel_times: TravelTimes | None
    ) -> tuple[Roads, str]:
        """Ask for the driving of the day, and say where the times are from. A day is planned without the road server too."""
        why = "estimated from straight lines"
        if travel_times is None and self.road_server is not None:
            try:
                return await asyncio.to_thread(
                    survey, appointments, travellers, self.road_server
                ), "from the road server"
            except RoadsUnavailableError as error:
                why = f"{why}: {error}"
        return await asyncio.to_thread(survey, appointments, travellers, travel_times or RoadEstimate()), why

    async def _leads(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, Lead]:
        found = await self.leads.get_many(lead_ids) if lead_ids else {}
        missing = next((lead_id for lead_id in lead_ids if lead_id not in found), None)
        if missing is not None:
            raise LeadNotFoundError(missing)
        return found

    async def _allowed(
        self, stops: Sequence[Stop], leads: Mapping[LeadId, Lead], reps: Sequence[Rep | None]
    ) -> BoolMatrix:
        """Tabulate who may visit whom. Places without a lead, and reps not on record, know no rules but being active."""
        allowed = np.array([[rep is None or rep.active for _ in stops] for rep in reps], dtype=np.bool_)
        allowed = allowed.reshape(len(reps), len(stops))
        on_record = [rep for rep in reps if rep is not None]
        products: dict[ProductId, Product] = {}
        for market in {lead.market for lead in leads.values()}:
            products |= {product.id: product for product in await self.products.in_market(market)}
        for column, stop in enumerate(stops):
            if stop.lead_id is None:
                continue
            lead = leads[stop.lead_id]
            product = products.get(lead.product_id) if lead.product_id is not None else None
            barred = exclude_unqualified(requirement_of(lead, product), on_record)
            allowed[:, column] &= [rep is None or rep.id not in barred for rep in reps]
        return allowed


def _appointment(field: str, stop: Stop, leads: Mapping[LeadId, Lead]) -> Appointment:
    place = stop.place
    if place is None:
        lead = leads.get(stop.lead_id) if stop.lead_id is not None else None
        place = place_of(lead) if lead is not None else None
    if place is None:
        rule = "has no place: send latitude and longitude, or set the lead's fields `latitude` and `longitude`"
        raise InvalidInputError(field, stop.id, rule)
    return Appointment(
        id=stop.id, place=place, minutes=stop.minutes, opens=stop.opens, closes=stop.closes, value=stop.value
    )


def _traveller(field: str, driver: Driver, rep: Rep | None, *, returns: bool) -> Traveller:
    place = driver.place or (rep.place if rep is not None else None)
    if place is None:
        raise InvalidInputError(
            field, driver.id, "has no place: send latitude and longitude, or record the rep's place"
        )
    start, end = driver.work_start, driver.work_end
    if rep is not None:
        start = rep.work_start_hour * _MINUTES_IN_AN_HOUR if start is None else start
        end = rep.work_end_hour * _MINUTES_IN_AN_HOUR if end is None else end
    hours = {name: value for name, value in (("work_start", start), ("work_end", end)) if value is not None}
    begins, ends = hours.get("work_start", 540.0), hours.get("work_end", 1080.0)
    if ends <= begins:
        raise InvalidInputError(field, driver.id, f"works from minute {begins:g} to {ends:g}; the end must come later")
    name = driver.name or (rep.name if rep is not None else driver.id)
    return Traveller(id=driver.id, name=name, start=place, end=place if returns else None, **hours)
