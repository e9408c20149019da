"""The day as a network: numbered stops, driving between them, and what an order of visits comes to. Chooses no order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix
from tools.matching.territory.day import Appointment, Driving, Traveller, Visit
from tools.matching.territory.travel import TravelTimes


@dataclass(frozen=True)
class Roads:
    """Appointments, reps, and the driving between their places.

    Stops are numbered: appointments first, then the reps' starts, then their ends, each in the order given. Driving
    to the end of a rep whose day ends anywhere is 0.

    Attributes:
        minutes: Shape (n_stops, n_stops).
        kilometres: Shape (n_stops, n_stops).
    """

    appointments: tuple[Appointment, ...]
    reps: tuple[Traveller, ...]
    minutes: FloatMatrix
    kilometres: FloatMatrix

    def start(self, rep: int) -> int:
        """Return the stop where a rep starts."""
        return len(self.appointments) + rep

    def end(self, rep: int) -> int:
        """Return the stop where a rep ends."""
        return len(self.appointments) + len(self.reps) + rep

    def driving(self, rep: int, order: Sequence[int]) -> Driving:
        """Add up the driving of a rep who makes visits in an order; none without visits."""
        if not order:
            return Driving(minutes=0.0, kilometres=0.0)
        stops = [self.start(rep), *order, self.end(rep)]
        legs = (stops[:-1], stops[1:])
        return Driving(minutes=float(self.minutes[legs].sum()), kilometres=float(self.kilometres[legs].sum()))

    def timetable(self, rep: int, order: Sequence[int]) -> tuple[Visit, ...] | None:
        """Return when each visit of an order begins if the rep never dawdles; None where a rule of time breaks.

        A rep waits before a window that is not open yet. He sets out so late that he does not wait at the first one.
        """
        traveller = self.reps[rep]
        visits: list[Visit] = []
        at, here = traveller.work_start, self.start(rep)
        for stop in order:
            appointment = self.appointments[stop]
            arrives = at + self.minutes[here, stop]
            if not visits:
                arrives = max(arrives, appointment.opens)
            begins = max(arrives, appointment.opens)
            if begins > appointment.closes:
                return None
            at, here, before = begins + appointment.minutes, stop, here
            drive = Driving(minutes=self.minutes[before, stop], kilometres=self.kilometres[before, stop])
            visits.append(Visit(appointment_id=appointment.id, arrives=arrives, begins=begins, leaves=at, drive=drive))
        if visits and at + self.minutes[here, self.end(rep)] > traveller.work_end:
            return None
        return tuple(visits)


def survey(appointments: Sequence[Appointment], reps: Sequence[Traveller], travel_times: TravelTimes) -> Roads:
    """Ask for the driving between all places of a day.

    Args:
        appointments: In the order of booking.
        reps: Who travels.
        travel_times: Says how long driving takes.

    Raises:
        InvalidInputError: If an id occurs twice, or the travel times are not what they must be.
    """
    for name, ids in (("appointments", [a.id for a in appointments]), ("reps", [rep.id for rep in reps])):
        repeated = next((id_ for index, id_ in enumerate(ids) if id_ in ids[:index]), None)
        if repeated is not None:
            raise InvalidInputError(name, repeated, "is named more than once")
    places = [a.place for a in appointments] + [rep.start for rep in reps] + [rep.end or rep.start for rep in reps]
    travel = travel_times.between(places)
    tables = {"minutes": np.array(travel.minutes), "kilometres": np.array(travel.kilometres)}
    for name, table in tables.items():
        if table.shape != (len(places), len(places)):
            raise InvalidInputError(f"travel.{name}", table.shape, f"must have the shape {(len(places), len(places))}")
        if not (np.isfinite(table).all() and (table >= 0).all()):
            raise InvalidInputError(f"travel.{name}", "a number", "must be finite and at least 0 everywhere")
        for rep, traveller in enumerate(reps):
            if traveller.end is None:
                table[:, len(appointments) + len(reps) + rep] = 0.0
    return Roads(tuple(appointments), tuple(reps), tables["minutes"], tables["kilometres"])
