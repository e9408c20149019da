"""What a lead is to the floor before reps are compared: a VIP or not, urgent or not, kept by its owner or not. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.matches import Exclusion
from domain.people import Rep
from domain.routing import Presence, RepAvailability, RoutingPolicy
from domain.values import RepId
from domain.working_hours import WorkingHours
from tools.matching.arrays import BoolVector, FloatVector
from tools.matching.batch import Request
from tools.matching.eligibility import FULL_RULES

_HOUR = 3600.0
_NIGHT_H = 8.0


def mark_vips(requests: Sequence[Request], policy: RoutingPolicy) -> BoolVector:
    """Say which leads are VIPs: marked so in their fields, or worth enough. Shape (n_leads,)."""
    return np.array([_is_vip(request, policy) for request in requests], dtype=np.bool_)


def _is_vip(request: Request, policy: RoutingPolicy) -> bool:
    if request.lead.fields.get("vip") is True:
        return True
    if policy.vip_value is None or request.value is None:
        return False
    return request.p_convert * request.value >= policy.vip_value


def rate_urgency(requests: Sequence[Request], *, now: datetime) -> FloatVector:
    """Rate how soon leads must have somebody: `1 / (1 + hours left)`, 0 without a deadline. Shape (n_leads,)."""
    left = [_hours_left(request, now) for request in requests]
    return np.array([0.0 if hours is None else 1 / (1 + hours) for hours in left])


def rate_delay(reps: Sequence[Rep], policy: RoutingPolicy, *, now: datetime) -> FloatVector:
    """Say which part of its value a hot lead loses with each rep because he does not work now. Shape (n_reps,).

    In proportion to the time until he begins, `policy.off_duty` from eight hours on: an assumption about how quickly
    interest cools, for Oldroyd, McElheran and Elkington, "The Short Life of Online Sales Leads", Harvard Business Review
    2011, found it cools within hours.
    """
    waits: dict[WorkingHours, float] = {}
    for rep in reps:
        if rep.hours not in waits:
            begins = rep.hours.begins(now, holidays=policy.holidays)
            hours = _NIGHT_H if begins is None else (begins - now).total_seconds() / _HOUR
            waits[rep.hours] = policy.off_duty * min(1.0, hours / _NIGHT_H)
    return np.array([waits[rep.hours] for rep in reps])


def _hours_left(request: Request, now: datetime) -> float | None:
    return None if request.due_at is None else max(0.0, (request.due_at - now).total_seconds() / _HOUR)


def may_keep(
    request: Request,
    exclusion: Exclusion | None,
    availability: Mapping[RepId, RepAvailability],
    policy: RoutingPolicy,
    *,
    now: datetime,
) -> bool:
    """Say whether a lead stays with its owner.

    Being full does not matter: the lead is among those that fill him. Being away or offline does once the reclaim time
    has passed since he left, or since he got the lead if that was later.

    Args:
        request: A lead with an owner.
        exclusion: What the rules say about the owner, if anything.
        availability: What counts about the presence of reps now.
        policy: The team's rules.
        now: The moment of decision.
    """
    if exclusion is None or exclusion.rule in FULL_RULES:
        return True
    if exclusion.rule not in {Presence.AWAY, Presence.OFFLINE} or request.owner is None:
        return False
    left = availability[request.owner].since
    began = left if request.owner_since is None else max(left, request.owner_since)
    return now - began < timedelta(seconds=policy.reclaim_after_s)
