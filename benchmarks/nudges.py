"""The learning nudge policy against a uniform choice and a fixed cadence, on floors whose truth is known."""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from rich.progress import track

from benchmarks.harness import Figure, Options, run
from domain.events import ConsentEvent
from domain.nudges import WAIT
from domain.people import Lead
from domain.scores import Temperature
from domain.values import DecisionId, Market
from simulation.catalogue import load_market, market_names
from simulation.floor import SalesFloor, simulate
from tools.nudges.catalogue import Catalogue, load_catalogue
from tools.nudges.contacts import Contact
from tools.nudges.eligibility import Option, Situation, find_options
from tools.nudges.planning import plan_nudge
from tools.nudges.policy import Arm, win_probabilities
from tools.nudges.recording import rng_of

START = datetime(2024, 1, 1, tzinfo=UTC)
FOLLOW_UP = timedelta(days=21)
"""How long a lead is followed up at most; it ends with the first reply."""

FLAT_PRIOR = (1.0, 9.0)
"""The same for every action, so that what the policy knows it has learned here."""

CADENCE = ("email_intro", "email_followup", "email_case_study", "call", "sms_checkin", "email_followup", "call")

MAX_DEVIATION = 4.0
"""Standard errors: right propensities pass with ten tenths in all but one run of a thousand, however many were logged."""

MAX_QUADRATURE_ERROR = 0.003
"""Three standard errors of the drawn frequencies are 0.0015; the rest is room."""

Counts = dict[str, tuple[int, int]]
Choose = Callable[[Situation, Counts, int], tuple[Option, dict[str, float]]]


@dataclass
class Result:
    """What one policy did on one floor. `logged` holds (propensity of an action, whether it was taken)."""

    n_leads: int
    replies: int = 0
    contacts: int = 0
    logged: list[tuple[float, bool]] = field(default_factory=list)


def measure(options: Options) -> list[Figure]:
    """Measure everything; `--quick` takes fewer leads and one seed."""
    n_leads, seeds = (100, [options.seed]) if options.quick else (300, [options.seed, options.seed + 1])
    figures: list[Figure] = []
    logged: list[tuple[float, bool]] = []
    for market in track(market_names(), description="policies"):
        results: dict[str, list[Result]] = defaultdict(list)
        for seed in seeds:
            floor = simulate(load_market(market), n_leads=n_leads, seed=seed, start=START, days=60)
            for name, choose in _policies(_flat(load_catalogue(Market(market))), seed).items():
                results[name].append(_follow_up(floor, choose, seed))
        logged += [pair for result in results["thompson"] for pair in result.logged]
        figures += _compare(market, results)
    return [*figures, *_calibration(logged), *_quadrature(options.seed)]


def _compare(market: str, results: dict[str, list[Result]]) -> list[Figure]:
    def share(name: str) -> float:
        return 100 * sum(r.replies for r in results[name]) / sum(r.n_leads for r in results[name])

    def effort(name: str) -> float:
        return sum(r.contacts for r in results[name]) / max(1, sum(r.replies for r in results[name]))

    data = f"{market}, {sum(r.n_leads for r in results['thompson'])} leads, {FOLLOW_UP.days} days"
    ours = share("thompson")
    return [
        Figure(
            f"leads that replied ({data})",
            ours,
            "%",
            "uniform",
            share("uniform"),
            "above uniform",
            ours > share("uniform"),
        ),
        Figure(f"leads that replied ({data})", ours, "%", "fixed cadence", share("cadence")),
        Figure(f"contacts per reply ({data})", effort("thompson"), "", "fixed cadence", effort("cadence")),
    ]


def _calibration(logged: list[tuple[float, bool]]) -> list[Figure]:
    """Compare logged propensities with how often the actions were really taken, in tenths."""
    propensity, taken = (np.array(column, dtype=np.float64) for column in zip(*logged, strict=True))
    tenth = np.minimum((10 * propensity).astype(int), 9)
    gaps, z = [], []
    for each in np.unique(tenth):
        inside = tenth == each
        error = np.sqrt((propensity[inside] * (1 - propensity[inside])).sum()) / inside.sum()
        gaps.append(abs(taken[inside].mean() - propensity[inside].mean()) * inside.mean())
        z.append(abs(taken[inside].mean() - propensity[inside].mean()) / max(error, 1e-12))
    return [
        Figure(
            f"calibration error of {len(logged)} logged propensities",
            float(np.sum(gaps)),
        ),
        Figure(
            "largest deviation of a tenth, in standard errors",
            float(np.max(z)),
            bar=f"at most {MAX_DEVIATION}",
            holds=bool(np.max(z) <= MAX_DEVIATION),
        ),
    ]


def _quadrature(seed: int) -> list[Figure]:
    """Compare the computed probabilities with those of a million draws, and time them."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    n_draws = 1_000_000
    for _ in range(5):
        arms = [
            Arm(f"action-{i}", 10 ** rng.uniform(0, 3), 10 ** rng.uniform(0, 3), float(rng.uniform(0.2, 1)))
            for i in range(7)
        ]
        draws = np.stack([arm.lever * rng.beta(arm.replies, arm.silences, n_draws) for arm in arms])
        drawn = np.bincount(draws.argmax(axis=0), minlength=7) / n_draws
        worst = max(worst, float(np.abs(drawn - win_probabilities(arms)).max()))
    began = time.perf_counter()
    for _ in range(50):
        win_probabilities(arms)
    seconds = (time.perf_counter() - began) / 50
    return [
        Figure(
            "largest difference of a propensity from 1,000,000 draws, 5 sets of 7 arms",
            worst,
            bar=f"at most {MAX_QUADRATURE_ERROR}",
            holds=worst <= MAX_QUADRATURE_ERROR,
        ),
        Figure("computing the propensities of 7 arms", 1000 * seconds, "ms"),
    ]


def _follow_up(floor: SalesFloor, choose: Choose, seed: int) -> Result:
    """Follow up every lead of a floor in order of time, learning from replies as they come."""
    leads, consents, temperatures = _leads(floor), _consents(floor), _temperatures(floor)
    rng = np.random.default_rng(seed)
    contacts: dict[str, list[Contact]] = defaultdict(list)
    counts: Counts = {}
    result = Result(n_leads=len(leads))
    queue = [(lead.created_at, number, number) for number, lead in enumerate(leads)]
    heapq.heapify(queue)
    step = len(leads)
    while queue:
        now, _, number = heapq.heappop(queue)
        lead = leads[number]
        situation = Situation(
            lead=lead,
            temperature=temperatures[lead.id],
            consents=consents.get(lead.id, ()),
            interactions=(),
            contacts=tuple(contacts[lead.id]),
            outcome=None,
            now=now,
        )
        option, propensities = choose(situation, counts, step)
        action = option.entry.action
        result.logged += [(p, action_id == action.id) for action_id, p in propensities.items()]
        again = option.send_at if action.id == WAIT else option.send_at + timedelta(hours=action.wait_hours)
        chance = float(floor.truth.reply_probability([lead.id], [action.id], [option.send_at])[0])
        replied = bool(rng.random() < chance)
        replies, silences = counts.get(action.id, (0, 0))
        counts[action.id] = (replies + replied, silences + (not replied))
        if action.channel is not None:
            contacts[lead.id].append(Contact(action.id, action.channel, option.send_at))
            result.contacts += 1
        result.replies += replied
        if not replied and again < lead.created_at + FOLLOW_UP:
            step += 1
            heapq.heappush(queue, (again, step, number))
    return result


def _policies(catalogue: Catalogue, seed: int) -> dict[str, Choose]:
    def randomness(situation: Situation, step: int) -> DecisionId:
        return DecisionId(f"{seed} {situation.lead.id} {step}")

    def thompson(situation: Situation, counts: Counts, step: int) -> tuple[Option, dict[str, float]]:
        name = randomness(situation, step)
        nudge = plan_nudge(situation, catalogue, counts, decision_id=name, rng=rng_of(name)).nudge
        options, _ = find_options(situation, catalogue)
        chosen = next(option for option in options if option.entry.action.id == nudge.action.id)
        return chosen, {option.action_id: option.propensity for option in nudge.considered}

    def uniform(situation: Situation, _: Counts, step: int) -> tuple[Option, dict[str, float]]:
        options, __ = find_options(situation, catalogue)
        return options[int(rng_of(randomness(situation, step)).integers(len(options)))], {}

    def cadence(situation: Situation, _: Counts, __: int) -> tuple[Option, dict[str, float]]:
        options = {option.entry.action.id: option for option in find_options(situation, catalogue)[0]}
        planned = CADENCE[len(situation.contacts) :]
        return next((options[action] for action in planned if action in options), options[WAIT]), {}

    return {"thompson": thompson, "uniform": uniform, "cadence": cadence}


def _flat(catalogue: Catalogue) -> Catalogue:
    entries = tuple(entry.model_copy(update={"prior": FLAT_PRIOR}) for entry in catalogue.entries)
    return catalogue.model_copy(update={"entries": entries})


def _leads(floor: SalesFloor) -> list[Lead]:
    names = ["id", "market", "created_at", "source", "email", "phone", "region", "language", "timezone", "product_id"]
    return [Lead(**row) for row in floor.leads.sort("created_at").select(names).iter_rows(named=True)]


def _consents(floor: SalesFloor) -> dict[str, tuple[ConsentEvent, ...]]:
    events: dict[str, list[ConsentEvent]] = defaultdict(list)
    for row in floor.consents.iter_rows(named=True):
        events[row["lead_id"]].append(ConsentEvent(**row))
    return {lead_id: tuple(each) for lead_id, each in events.items()}


def _temperatures(floor: SalesFloor) -> dict[str, Temperature]:
    """Call the likeliest fifth of the leads hot and the next two fifths warm."""
    ids = floor.leads["id"].to_list()
    order = np.argsort(-floor.truth.p_convert(ids))
    hot, warm = len(ids) // 5, 3 * len(ids) // 5
    kinds = [Temperature.HOT] * hot + [Temperature.WARM] * (warm - hot) + [Temperature.COLD] * (len(ids) - warm)
    return {ids[row]: kind for row, kind in zip(order, kinds, strict=True)}


if __name__ == "__main__":
    run("nudges", measure)
