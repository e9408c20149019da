"""The route that plans a day on the road. Decides nothing."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.deps import House
from api.inputs import Id, NoNulText, RequestBody
from domain.values import LeadId, Place
from runtime.roads import open_road_server
from runtime.territory import MOST_APPOINTMENTS, MOST_REPS, Driver, Stop, TerritoryDesk
from tools.matching.territory.day import DayPlan
from tools.matching.territory.planning import Division
from tools.matching.territory.travel import DETOUR_FACTOR, SPEED_KMH, RoadEstimate

router = APIRouter(prefix="/v1/routing", tags=["routing"])

ClockTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", examples=["09:30"])]
"""A time of that day on a local clock."""

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class _Located(RequestBody):
    latitude: Latitude | None = Field(default=None, description="Degrees; both or neither.")
    longitude: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.latitude is None) is not (self.longitude is None):
            raise ValueError("needs both latitude and longitude, or neither")
        return self

    @property
    def place(self) -> Place | None:
        """The place that was sent, if any."""
        if self.latitude is None or self.longitude is None:
            return None
        return Place(latitude=self.latitude, longitude=self.longitude)


class AppointmentIn(_Located):
    """A visit that was booked: with a lead on record, at a place, or both."""

    id: Id | None = Field(default=None, description="The lead's id if absent.")
    lead_id: Id | None = Field(default=None, description="Only reps who may take this lead visit it.")
    minutes: float = Field(default=45, gt=0, le=720, allow_inf_nan=False, description="Length of the visit.")
    opens: ClockTime = Field(default="00:00", description="The visit begins at this time or later.")
    closes: ClockTime = Field(default="24:00", description="And at this time or earlier.")
    value: float = Field(default=0, ge=0, le=1e12, allow_inf_nan=False, description="Which one stays if not all fit.")

    @model_validator(mode="after")
    def _is_named_and_open(self) -> Self:
        if self.id is None and self.lead_id is None:
            raise ValueError("needs an id or a lead_id")
        if self.closes < self.opens:
            raise ValueError("closes must not lie before opens")
        return self


class RepIn(_Located):
    """A rep who travels that day: on record, or described here. What is sent goes before what is recorded."""

    rep_id: Id | None = Field(default=None, description="A rep on record, with place, hours and what he may do.")
    id: Id | None = Field(default=None, description="Any other name, for a rep who is not on record.")
    name: NoNulText | None = Field(default=None, min_length=1, max_length=200)
    work_start: ClockTime | None = Field(default=None, description="Default: as recorded, else 09:00.")
    work_end: ClockTime | None = Field(default=None, description="Default: as recorded, else 18:00.")

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if (self.rep_id is None) is (self.id is None):
            raise ValueError("needs either rep_id or id")
        return self


class TerritoryIn(RequestBody):
    """A day: what was booked, in the order of booking, and who travels. All times are on one local clock."""

    appointments: list[AppointmentIn] = Field(min_length=1, max_length=MOST_APPOINTMENTS)
    reps: list[RepIn] = Field(min_length=1, max_length=MOST_REPS)
    division: Division = Field(
        default=Division.JOINT, description="`joint`: the least driving. `territories`: an area each, equal work."
    )
    returns: bool = Field(default=True, description="Whether reps drive back to where they started.")
    speed_kmh: float | None = Field(
        default=None,
        ge=1,
        le=200,
        allow_inf_nan=False,
        description=f"Mean driving speed of an estimate, which then goes before a road server; {SPEED_KMH:g} if absent.",
    )
    detour: float | None = Field(
        default=None,
        ge=1,
        le=5,
        allow_inf_nan=False,
        description=f"Road kilometres per straight one of an estimate; {DETOUR_FACTOR:g} if absent.",
    )
    seconds: float = Field(default=10, ge=1, le=60, allow_inf_nan=False, description="Ceiling of the search.")


@router.post("/territory")
async def plan_territory(body: TerritoryIn, house: House) -> DayPlan:
    """Plan who visits whom in which order on one day, and say what that saves.

    As many appointments as possible are served, then the more valuable ones, then driving is least. Each appointment
    is in one route or in `unserved` with a reason. Times in the answer are minutes since midnight.
    """
    records = house.records
    desk = TerritoryDesk(records.routed_leads, records.reps, records.products, open_road_server(house.settings))
    return await desk.plan(
        [_stop(each) for each in body.appointments],
        [_driver(each) for each in body.reps],
        returns=body.returns,
        division=body.division,
        travel_times=_estimate(body),
        seconds=body.seconds,
    )


def _estimate(body: TerritoryIn) -> RoadEstimate | None:
    """Return the estimate that the caller describes, if he does."""
    if body.speed_kmh is None and body.detour is None:
        return None
    return RoadEstimate(body.speed_kmh or SPEED_KMH, body.detour or DETOUR_FACTOR)


def _stop(asked: AppointmentIn) -> Stop:
    return Stop(
        id=asked.id or asked.lead_id or "",
        lead_id=None if asked.lead_id is None else LeadId(asked.lead_id),
        place=asked.place,
        minutes=asked.minutes,
        opens=_minute(asked.opens),
        closes=_minute(asked.closes),
        value=asked.value,
    )


def _driver(asked: RepIn) -> Driver:
    return Driver(
        id=asked.rep_id or asked.id or "",
        on_record=asked.rep_id is not None,
        name=asked.name,
        place=asked.place,
        work_start=None if asked.work_start is None else _minute(asked.work_start),
        work_end=None if asked.work_end is None else _minute(asked.work_end),
    )


def _minute(clock: str) -> float:
    hours, minutes = clock.split(":")
    return 60.0 * int(hours) + int(minutes)
