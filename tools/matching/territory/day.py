"""A day on the road as values: who travels, what must be visited, and the plan. Decides nothing."""

from typing import Self

from pydantic import Field, model_validator

from domain.values import Place, Value

DAY_MINUTES = 1440.0
"""Length of a day. All moments here are minutes since midnight, local to that day."""


class Appointment(Value):
    """A visit that was booked. It begins within its window."""

    id: str = Field(min_length=1, max_length=200)
    place: Place
    minutes: float = Field(default=45.0, gt=0, le=720, description="Length of the visit.")
    opens: float = Field(default=0.0, ge=0, le=DAY_MINUTES, description="The visit begins at or after this minute.")
    closes: float = Field(default=DAY_MINUTES, ge=0, le=DAY_MINUTES, description="And at or before this one.")
    value: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="Of two that do not both fit, more stays.")

    @model_validator(mode="after")
    def _window_is_open(self) -> Self:
        if self.closes < self.opens:
            raise ValueError("closes must not lie before opens")
        return self


class Traveller(Value):
    """A rep on that day: where he starts, when he works, where he must be at the end."""

    id: str = Field(min_length=1, max_length=200)
    name: str = Field(min_length=1)
    start: Place
    end: Place | None = Field(default=None, description="None: the day ends at the last visit, wherever that is.")
    work_start: float = Field(default=540.0, ge=0, le=DAY_MINUTES, description="He leaves his start from then on.")
    work_end: float = Field(default=1080.0, ge=0, le=DAY_MINUTES, description="And is at his end by then.")

    @model_validator(mode="after")
    def _works_at_all(self) -> Self:
        if self.work_end <= self.work_start:
            raise ValueError("work_end must lie after work_start")
        return self


class Driving(Value):
    """How much driving an order of visits takes."""

    minutes: float = Field(ge=0)
    kilometres: float = Field(ge=0)

    def __add__(self, other: "Driving") -> "Driving":
        """Return both together."""
        return Driving(minutes=self.minutes + other.minutes, kilometres=self.kilometres + other.kilometres)


NO_DRIVING = Driving(minutes=0.0, kilometres=0.0)


class Visit(Value):
    """One stop of a route."""

    appointment_id: str
    arrives: float = Field(description="Minute of arrival; before `begins` where the window is not open yet.")
    begins: float
    leaves: float
    drive: Driving = Field(description="From the stop before.")


class Route(Value):
    """The day of one rep, beside two simpler orders of the same visits. Those two ignore time windows."""

    rep_id: str
    rep_name: str
    visits: tuple[Visit, ...]
    leaves_at: float = Field(description="Minute at which he sets out.")
    ends_at: float = Field(description="Minute at which he is done.")
    driving: Driving
    booking_order: Driving = Field(description="The same visits in the order of booking.")
    nearest_first: Driving = Field(description="The same visits, always the nearest one next.")
    summary: str


class Unserved(Value):
    """An appointment that is in no route, and why."""

    appointment_id: str
    reason: str


class DayPlan(Value):
    """The routes of all reps, and what they save."""

    routes: tuple[Route, ...] = Field(description="In order of the reps given; a rep without visits has none.")
    unserved: tuple[Unserved, ...]
    driving: Driving
    booking_order: Driving
    nearest_first: Driving
    proven: bool = Field(description="Whether no plan is better: small days are solved exactly, others searched.")
    minutes_saved: float = Field(description="Against the order of booking; negative where time windows cost more.")
    minutes_saved_nearest: float = Field(description="Against always going to the nearest next.")
    driving_times: str = Field(default="estimated from straight lines", description="Where they are from.")
    summary: str
