"""How far is the scorer behind the planted truth, on leads that came after its training? Three simulated markets."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
from rich.progress import track

from benchmarks._offline_training import train_offline
from benchmarks._scoring_peers import fit_peer
from benchmarks.harness import Figure, Options
from domain.values import Market
from simulation.catalogue import load_market
from simulation.floor import simulate
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.event_log import ingest_lead_data
from tools.scoring.moments import scoring_moments, settled
from tools.scoring.preparation import extract_features
from tools.scoring.reading import KEYS

MARKETS = ("insurance_partners", "real_estate", "roofing")
_START, _DAYS, _LEARNED = datetime(2023, 1, 2, tzinfo=UTC), 730, 0.6
_AGE_DAYS = 7
_GAP_BAR, _ECE_BAR = 0.03, 0.03
_PEERS = ("logistic", "LightGBM")


def measure(options: Options) -> list[Figure]:
    """Measure each market on several floors; bars are held against the mean of the floors."""
    markets, n_floors, n_leads = (MARKETS[:1], 1, 6_000) if options.quick else (MARKETS, 3, 10_000)
    figures = []
    for name in markets:
        floors = range(options.seed, options.seed + n_floors)
        rows = [_one(Market(name), seed, n_leads) for seed in track(list(floors), description=name)]
        mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        title = f"{name}, {n_floors} floors of {n_leads} leads"
        gap, ece = mean["gap"], mean["ece"]
        figures += [
            Figure(f"{title}: AUC behind the planted truth", gap, bar=f"<= {_GAP_BAR}", holds=gap <= _GAP_BAR),
            Figure(f"{title}: widest gap of any floor", max(row["gap"] for row in rows)),
            Figure(
                f"{title}: ECE", ece, peer="chance alone", peer_value=mean["chance"], bar=f"<= {_ECE_BAR}",
                holds=ece <= _ECE_BAR,
            ),
            Figure(f"{title}: highest ECE of any floor", max(row["ece"] for row in rows)),
            *(
                Figure(f"{title}: AUC", mean["auc"], peer=peer, peer_value=mean[f"auc of {peer}"])
                for peer in ("planted truth", *_PEERS)
            ),
            *(Figure(f"{title}: Brier", mean["brier"], peer=peer, peer_value=mean[f"brier of {peer}"]) for peer in _PEERS),
            Figure(f"{title}: features and training", mean["seconds"], unit="s"),
        ]  # fmt: skip
    return figures


def _one(market: Market, seed: int, n_leads: int) -> dict[str, float]:
    floor = simulate(load_market(market), n_leads=n_leads, seed=seed, start=_START, days=_DAYS)
    log = ingest_lead_data(floor.leads, floor.interactions, floor.assignments, floor.outcomes)
    now = _START + timedelta(days=_LEARNED * _DAYS)
    began = time.perf_counter()
    data, model = train_offline(log, market, now=now, seed=seed)
    seconds = time.perf_counter() - began
    later = settled(
        scoring_moments(log.outcomes(market, before=floor.end), now=floor.end, days=(_AGE_DAYS,)), now=floor.end
    )
    later = later.filter(later["as_of"] >= now)
    test = later.join(extract_features(log, later, data.context), on=KEYS)
    won = test["converted"].to_numpy().astype(np.bool_)
    ours, planted = model.predict(test).p, np.asarray(floor.truth.p_convert(test["lead_id"]))
    found = {
        "gap": _auc(planted, won) - _auc(ours, won),
        "auc": _auc(ours, won),
        "auc of planted truth": _auc(planted, won),
        "ece": metrics.expected_calibration_error(ours, won),
        "chance": metrics.ece_of_a_perfect_model(ours, rng=np.random.default_rng(seed)),
        "brier": metrics.brier_score(ours, won),
        "seconds": seconds,
    }
    for peer in _PEERS:
        p = fit_peer(peer, data.frame, data.labels)(test)
        found |= {f"auc of {peer}": _auc(p, won), f"brier of {peer}": metrics.brier_score(p, won)}
    return found


def _auc(p: FloatVector, labels: BoolVector) -> float:
    interval = metrics.auc_interval(p, labels)
    assert interval is not None, "both classes occur"
    return interval.value
