"""A day's routes in words. Says what was planned; plans nothing."""

from collections.abc import Sequence

from tools.matching.arrays import BoolMatrix
from tools.matching.territory.day import Driving
from tools.matching.territory.roads import Roads

_MINUTES_IN_AN_HOUR = 60


def route_summary(name: str, n_visits: int, driving: Driving, booking: Driving) -> str:
    """Sum a route up in a sentence.

    Example:
        >>> route_summary("Ana", 6, Driving(minutes=125, kilometres=84), Driving(minutes=176, kilometres=118))
        'Route of Ana: 6 visits, 84 km, 2 h 05 driving, 51 min less than in order of booking.'
    """
    visits = "1 visit" if n_visits == 1 else f"{n_visits} visits"
    how_far = f"{driving.kilometres:,.0f} km, {spell_minutes(driving.minutes)} driving"
    return (
        f"Route of {name}: {visits}, {how_far}, {_compared(booking.minutes - driving.minutes, 'in order of booking')}."
    )


def day_summary(n_visits: int, n_appointments: int, n_routes: int, driving: Driving, booking: Driving) -> str:
    """Sum all routes up, with what they save."""
    saved = booking.minutes - driving.minutes
    part = f" ({saved / booking.minutes:.0%})" if booking.minutes > 0 and saved > 0 else ""
    routes = "1 route" if n_routes == 1 else f"{n_routes} routes"
    return (
        f"{n_visits} of {n_appointments} appointments in {routes}: {driving.kilometres:,.0f} km, "
        f"{spell_minutes(driving.minutes)} driving, {_compared(saved, 'in order of booking')}{part}."
    )


def why_unserved(roads: Roads, allowed: BoolMatrix, stop: int) -> str:
    """Say why an appointment is in no route: nobody may, nobody can be there in time, or the day is full.

    Args:
        roads: The day.
        allowed: Shape (n_reps, n_appointments). Whether a rep may visit.
        stop: Number of the appointment.
    """
    may = [rep for rep in range(len(roads.reps)) if allowed[rep, stop]]
    if not may:
        return "no rep of this day may take it"
    if not any(roads.timetable(rep, [stop]) for rep in may):
        appointment = roads.appointments[stop]
        window = f"begin between {clock_time(appointment.opens)} and {clock_time(appointment.closes)}"
        return f"no rep who may take it can {window} and be done within working hours, even with nothing else to do"
    return f"no place for it was found beside the other visits of {_names(roads, may)}"


def spell_minutes(minutes: float) -> str:
    """Write a length of time: `51 min`, `2 h 05`."""
    whole = round(minutes)
    hours, rest = divmod(whole, _MINUTES_IN_AN_HOUR)
    return f"{hours} h {rest:02d}" if hours else f"{rest} min"


def clock_time(minute: float) -> str:
    """Write a minute of the day as `09:30`."""
    hours, rest = divmod(round(minute), _MINUTES_IN_AN_HOUR)
    return f"{hours:02d}:{rest:02d}"


def _compared(saved: float, than: str) -> str:
    if round(abs(saved)) == 0:
        return f"as much as {than}"
    return f"{spell_minutes(abs(saved))} {'less' if saved > 0 else 'more'} than {than}"


def _names(roads: Roads, reps: Sequence[int]) -> str:
    named = [roads.reps[rep].name for rep in reps[:3]]
    more = len(reps) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
