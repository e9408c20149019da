"""The assignment by itself: its proven gap and its time, beside the raw solver, networkx and plain nearest candidates."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import networkx as nx
import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.special import expit, logit

from benchmarks.harness import Figure, Options
from tools.matching.arrays import BoolMatrix, FloatMatrix, IntVector
from tools.matching.assignment import Assignment, assign
from tools.matching.flow import POOL
from tools.matching.places import Places, lay_out_places
from tools.matching.pricing import CANDIDATES, find_candidates
from tools.matching.proof import Pairs

GAP_BAR, RAW_BAR, NETWORKX_BAR = 0.005, 2.0, 100.0
NEAREST = 30
_STEPS = 10**6

Result = TypeVar("Result")


@dataclass(frozen=True)
class Problem:
    """A batch in which reps differ, and differ by kind of lead, so that many leads want the same few."""

    utilities: FloatMatrix
    eligible: BoolMatrix
    capacities: IntVector

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return f"{len(self.utilities):,} x {self.utilities.shape[1]:,}"

    def places(self, fairness: float = 0.0) -> Places:
        """Lay out its places, with a cost of workload in mean utilities."""
        open_leads = np.zeros(len(self.capacities), dtype=np.int64)
        weight = fairness * float(self.utilities.mean())
        share = len(self.utilities) / float(self.capacities.sum())
        return lay_out_places(
            open_leads, self.capacities, n_leads=len(self.utilities), weight=weight, fair_share=min(1.0, share)
        )


def measure(options: Options) -> list[Figure]:
    """Measure the large batch, and a size that networkx ends."""
    n_leads, n_reps = (3_000, 300) if options.quick else (10_000, 1_000)
    large = make_problem(n_leads, n_reps, seed=options.seed)
    ours, seconds, raw_seconds = _beside_raw(large)
    found = [
        _gap(f"gap to the proven bound, {large.size}", ours),
        Figure(
            f"assignment with prices, proof and building, {large.size} (processor time), {ours.n_candidates:,} candidates",
            1000 * seconds,
            "ms",
            peer=f"raw OR-Tools on {CANDIDATES} candidates a lead",
            peer_value=1000 * raw_seconds,
            bar=f"<= {RAW_BAR:g} x",
            holds=seconds <= RAW_BAR * raw_seconds,
        ),
        _nearest(large, ours),
    ]
    fair, fair_seconds = _timed(lambda: assign(large.utilities, large.eligible, large.places(0.1)), 1)
    found.append(_gap(f"the same with workload costs ({1000 * fair_seconds:.0f} ms)", fair))
    scarce = make_problem(n_leads, n_reps, seed=options.seed + 1, slack=0.9, share=0.3)
    few, few_seconds = _timed(lambda: assign(scarce.utilities, scarce.eligible, scarce.places()), 1)
    waiting = int((few.rep == POOL).sum())
    words = f"places for 90 % of the leads, 30 % of the pairs allowed, {waiting} wait ({1000 * few_seconds:.0f} ms)"
    found.append(_gap(f"the same, {words}", few))
    return found + _networkx(options.seed)


def make_problem(n_leads: int, n_reps: int, *, seed: int, slack: float = 1.05, share: float = 1.0) -> Problem:
    """Make a batch.

    Args:
        n_leads: Leads.
        n_reps: Reps.
        seed: Seed of everything.
        slack: Places per lead.
        share: Part of the pairs that the rules allow.
    """
    rng = np.random.default_rng(seed)
    p, value = rng.beta(1.5, 8, n_leads), 1000 * rng.lognormal(0, 0.8, n_leads)
    kind = rng.integers(0, min(300, n_leads), n_leads)
    shift = rng.normal(0, 0.4, (n_reps, 1)) + rng.normal(0, 0.4, (n_reps, min(300, n_leads)))
    utilities = expit(logit(p)[:, None] + shift.T[kind]) * value[:, None]
    capacities = np.maximum(1, np.round(rng.dirichlet(np.full(n_reps, 8.0)) * n_leads * slack)).astype(np.int64)
    return Problem(utilities, rng.random(utilities.shape) < share, capacities)


def _gap(name: str, found: Assignment) -> Figure:
    return Figure(name, 100 * found.gap, "%", bar=f"<= {100 * GAP_BAR:g} %", holds=found.gap <= GAP_BAR)


def _beside_raw(problem: Problem) -> tuple[Assignment, float, float]:
    """Time ours and the raw solver on the candidates by turns, so that a busy machine slows both; the best of five."""
    places = problem.places()
    pairs = Pairs(problem.utilities, problem.eligible, np.zeros(len(problem.utilities), dtype=np.bool_), places)
    lead, rep, _ = find_candidates(pairs.net(), places)
    worth = problem.utilities[lead, rep]
    ours, raw = [], []
    for _ in range(5):
        found, seconds = _timed(lambda: assign(problem.utilities, problem.eligible, places), 1)
        ours.append(seconds)
        raw.append(_timed(lambda: _solve_raw(problem, lead, rep, worth), 1)[1])
    return found, min(ours), min(raw)


def _nearest(problem: Problem, ours: Assignment) -> Figure:
    """Say what is lost when each lead keeps only the reps that suit it best."""
    rep = np.argpartition(-problem.utilities, NEAREST, axis=1)[:, :NEAREST].ravel()
    lead = np.repeat(np.arange(len(problem.utilities)), NEAREST)
    worth = problem.utilities[lead, rep]
    taken = _solve_raw(problem, lead, rep, worth)
    lost = 1 - float(worth[taken].sum()) / ours.utility
    waiting = len(problem.utilities) - int(taken.sum())
    return Figure(f"value lost with the {NEAREST} best reps by own utility ({waiting:,} leads wait)", 100 * lost, "%")


def _solve_raw(problem: Problem, lead: IntVector, rep: IntVector, worth: FloatMatrix) -> BoolMatrix:
    """Hand candidates straight to the solver: which of them are taken."""
    n_leads, n_reps = problem.utilities.shape
    cost = np.rint((worth.max() - worth) / worth.max() * _STEPS).astype(np.int64)
    sink = n_leads + n_reps
    solver = min_cost_flow.SimpleMinCostFlow()
    every = np.arange(n_leads)
    ids = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([lead, n_leads + np.arange(n_reps), every]),
        np.concatenate([n_leads + rep, np.full(n_reps, sink), np.full(n_leads, sink)]),
        np.concatenate([np.ones(len(lead), dtype=np.int64), problem.capacities, np.ones(n_leads, dtype=np.int64)]),
        np.concatenate([cost, np.zeros(n_reps, dtype=np.int64), np.full(n_leads, (_STEPS + 1) * (n_leads + 1))]),
    )
    supplies = np.append(np.repeat([1, 0], [n_leads, n_reps]), -n_leads)
    solver.set_nodes_supplies(np.arange(sink + 1), supplies)
    solver.solve()
    return np.asarray(solver.flows(ids))[: len(lead)] > 0


def _networkx(seed: int) -> list[Figure]:
    """Solve 1,000 leads, 100 reps and 30 allowed reps a lead beside networkx' network simplex."""
    rng = np.random.default_rng(seed)
    utilities = rng.random((1000, 100))
    eligible = rng.random((1000, 100)).argsort(axis=1) < NEAREST
    problem = Problem(utilities, eligible, np.full(100, 11, dtype=np.int64))
    ours, seconds = _timed(lambda: assign(utilities, eligible, problem.places()), 5)
    lead, rep = np.nonzero(eligible)
    worth = utilities[lead, rep]
    _, raw_seconds = _timed(lambda: _solve_raw(problem, lead, rep, worth), 5)
    network = _as_networkx(problem)
    (_, flow), peer_seconds = _timed(lambda: nx.network_simplex(network), 1)
    peer = sum(utilities[lead, rep] for lead in range(1000) for rep in range(100) if flow[lead].get(1000 + rep, 0))
    return [
        Figure(
            "assignment with proof, 1,000 x 100, 30 allowed reps a lead (processor time)",
            1000 * seconds,
            "ms",
            "networkx network simplex",
            1000 * peer_seconds,
            bar=f">= {NETWORKX_BAR:g} x faster",
            holds=peer_seconds >= NETWORKX_BAR * seconds,
        ),
        Figure(
            "raw OR-Tools on the same pairs, without prices or proof",
            1000 * raw_seconds,
            "ms",
            "networkx network simplex",
            1000 * peer_seconds,
        ),
        Figure(
            "utility of the same assignment",
            ours.utility,
            peer="networkx network simplex",
            peer_value=float(peer),
            bar="equal to 0.01 %",
            holds=abs(ours.utility - float(peer)) <= 1e-4 * abs(float(peer)),
        ),
    ]


def _as_networkx(problem: Problem) -> "nx.DiGraph[int]":
    n_leads, n_reps = problem.utilities.shape
    sink = n_leads + n_reps
    network: nx.DiGraph[int] = nx.DiGraph()
    network.add_node(sink, demand=n_leads)
    for lead in range(n_leads):
        network.add_node(lead, demand=-1)
        network.add_edge(lead, sink, capacity=1, weight=10**9)
        for rep in map(int, np.flatnonzero(problem.eligible[lead])):
            weight = round((1 - problem.utilities[lead, rep]) * _STEPS)
            network.add_edge(lead, n_leads + rep, capacity=1, weight=weight)
    for rep in range(n_reps):
        network.add_edge(n_leads + rep, sink, capacity=int(problem.capacities[rep]), weight=0)
    return network


def _timed(work: Callable[[], Result], repeats: int) -> tuple[Result, float]:
    """Return the result and the least processor time in seconds: everything here runs on one thread."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        result = work()
        seconds.append(time.process_time() - began)
    return result, min(seconds)
