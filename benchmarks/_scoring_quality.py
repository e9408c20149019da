"""Ranking and calibration beside five libraries at their defaults, on the same folds in the same run.

Data: UCI Bank Marketing (Moro, Cortez and Rita 2014) without `duration`; UCI Online Shoppers (Sakar et al. 2018) without
`PageValues`; IBM Telco churn; B2B opportunities of Salvirt (Bohanec et al. 2017), each distinct row once and identical
inputs never in two folds; Maven Analytics CRM opportunities, whose results are independent of everything known.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from rich.progress import track
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks._scoring_peers import PEERS, absent_peers, fit_peer
from benchmarks.harness import Figure, Options
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.calibration import Calibrator, Method, logit
from tools.scoring.learning.recalibration import recalibrate
from tools.scoring.training import train

BEHIND = 0.002
"""How far an AUC or an average precision may lie below the best peer's."""

DRIFT_ECE = 0.10
TRAINING_SECONDS = 60.0

_WORKERS = 2
_LAST_SHARE = 0.2
_BLOCKS = 20
_RESAMPLES = 300
_QUICK_ROWS = 2500
_FOLDS, _QUICK_FOLDS = 5, 3
_SPEED_ROWS, _SPEED_COLUMNS = 200_000, 60


@dataclass(frozen=True)
class Table:
    """One data set with its protocol.

    Attributes:
        name: For the figures.
        frame: Features.
        labels: Shape (n_rows,).
        groups: Shape (n_rows,). Rows that must share a fold; None where each is alone.
        repeats: How many times the folds are drawn: few rows say little at one draw.
    """

    name: str
    frame: pl.DataFrame
    labels: BoolVector
    groups: IntVector | None = None
    repeats: int = 1


def measure(options: Options) -> list[Figure]:
    """Measure all sets; one that is absent gives no figure and says so.

    A quick run is a look: with so few rows and folds noise is larger than the bars, so they are shown but not judged.
    """
    figures, ahead, measured = [], 0, 0
    for name, why in absent_peers().items():
        print(f"peer {name}: not measured, {why}")
    if options.quick:
        print("peer CatBoost: not measured in a quick run")
    for table in tables(options):
        found, is_ahead = _beside_peers(table, options)
        figures += found
        ahead, measured = ahead + is_ahead, measured + 1
    if measured:
        bar = f">= {min(2, measured)}"
        figures.append(
            Figure("sets where AUC and AP are above every peer's", ahead, bar=bar, holds=ahead >= min(2, measured))
        )
    figures += _on_drift(options)
    if options.quick:
        figures = [replace(figure, holds=None) for figure in figures]
    return [*figures, *_on_null(options), *_training_time(options)]


# -- the sets ----------------------------------------------------------------------------------------------------


def tables(options: Options) -> Iterator[Table]:
    """Read the four sets; in a quick run about 2,500 rows of each."""
    for name, read in _READERS.items():
        path = options.data / name
        if path.exists():
            yield read(options)
        else:
            print(f"{name}: not measured, no folder {path}")


def read_bank(options: Options) -> tuple[pl.DataFrame, BoolVector]:
    """Return features and labels in the order of time, all rows."""
    path = options.data / "bank_marketing" / "bank-additional-full.csv"
    table = pl.read_csv(path, separator=";", infer_schema_length=None)
    return table.drop("y", "duration"), (table["y"] == "yes").to_numpy()


def _bank(options: Options) -> Table:
    return Table("bank", *_thinned(*read_bank(options), options))


def _shoppers(options: Options) -> Table:
    table = pl.read_csv(options.data / "online_shoppers" / "online_shoppers_intention.csv", infer_schema_length=None)
    labels = table["Revenue"].cast(pl.Utf8).str.to_lowercase().eq("true").to_numpy()
    return Table("shoppers", *_thinned(table.drop("Revenue", "PageValues"), labels, options))


def _telco(options: Options) -> Table:
    path = options.data / "telco_churn" / "WA_Fn-UseC_-Telco-Customer-Churn.csv"
    table = pl.read_csv(path, infer_schema_length=None, null_values=["", " "])
    return Table("telco", *_thinned(table.drop("Churn", "customerID"), (table["Churn"] == "Yes").to_numpy(), options))


def _salvirt(options: Options) -> Table:
    path = options.data / "salvirt_b2b" / "Salvirt_B2B_ML_dataset.csv"
    table = pl.read_csv(path, separator=";", infer_schema_length=None).unique(maintain_order=True)
    frame = table.drop("Status")
    inputs = frame.select(pl.concat_str(pl.all(), separator="|").rank("dense")).to_series()
    groups = inputs.to_numpy().astype(np.int64) - 1
    return Table("salvirt", frame, (table["Status"] == "Won").to_numpy(), groups, 1 if options.quick else 5)


_READERS: dict[str, Callable[[Options], Table]] = {
    "bank_marketing": _bank,
    "online_shoppers": _shoppers,
    "telco_churn": _telco,
    "salvirt_b2b": _salvirt,
}


def _thinned(frame: pl.DataFrame, labels: BoolVector, options: Options) -> tuple[pl.DataFrame, BoolVector]:
    step = max(1, frame.height // _QUICK_ROWS) if options.quick else 1
    return frame.gather_every(step), labels[::step]


# -- cross-validation beside the peers ---------------------------------------------------------------------------


def _beside_peers(table: Table, options: Options) -> tuple[list[Figure], bool]:
    """Compare on every draw of the folds; figures are means over the draws."""
    draws = [_cross_validated(table, options, options.seed + repeat) for repeat in range(table.repeats)]
    peers = [name for name in draws[0] if name != "ours"]
    figures = []
    ahead = []
    for name, function in _MEASURES.items():
        means = {who: float(np.mean([function(draw[who], table.labels) for draw in draws])) for who in draws[0]}
        best = (max if name in _HIGHER else min)(peers, key=means.__getitem__)
        if name in _HIGHER:
            bar, holds = f">= best - {BEHIND}", means["ours"] >= means[best] - BEHIND
            ahead.append(means["ours"] > means[best])
        else:
            noise = _paired_noise(function, draws, best, table, options.seed)
            bar, holds = f"<= best + noise {noise:.4f}", means["ours"] <= means[best] + noise
        figures.append(Figure(f"{table.name}: {name}", means["ours"], "", f"{best} (best)", means[best], bar, holds))
        figures += [
            Figure(f"{table.name}: {name}", means["ours"], "", peer, means[peer]) for peer in peers if peer != best
        ]
    return figures, all(ahead)


def _cross_validated(table: Table, options: Options, seed: int) -> dict[str, FloatVector]:
    rows, n_folds = np.zeros(len(table.labels)), _QUICK_FOLDS if options.quick else _FOLDS
    if table.groups is None:
        folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(rows, table.labels))
    else:
        grouped = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        folds = list(grouped.split(rows, table.labels, table.groups))
    predicted: dict[str, FloatVector] = {}
    # Spawned, not forked: a forked copy of a process with running threads of Polars may hang.
    with ProcessPoolExecutor(_WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(_fold, table, learn, test, seed, _peers(options)): test for learn, test in folds}
        for done in track(as_completed(waiting), description=table.name, total=len(folds)):
            for who, p in done.result().items():
                predicted.setdefault(who, rows.copy())[waiting[done]] = p
    return predicted


def _peers(options: Options) -> list[str]:
    """Return the peers that are measured: those installed, in a quick run without CatBoost, which takes most of it."""
    return [peer for peer in PEERS if peer not in absent_peers() and not (options.quick and peer == "CatBoost")]


def _fold(table: Table, learn: IntVector, test: IntVector, seed: int, peers: list[str]) -> dict[str, FloatVector]:
    """Fit ours and every peer on one fold's training rows and predict the others."""
    frame, labels, asked = table.frame[learn], table.labels[learn], table.frame[test]
    groups = None if table.groups is None else np.unique(table.groups[learn], return_inverse=True)[1]
    model = train(frame, labels, None, rng=np.random.default_rng(seed), groups=groups)
    return {"ours": model.predict(asked).p, **{peer: fit_peer(peer, frame, labels)(asked) for peer in peers}}


def _paired_noise(
    function: Callable[[FloatVector, BoolVector], float],
    draws: list[dict[str, FloatVector]],
    best: str,
    table: Table,
    seed: int,
) -> float:
    """Return twice the standard deviation of (ours - best) over bootstrap resamples of whole groups of rows."""
    rng = np.random.default_rng(seed)
    groups = np.arange(len(table.labels)) if table.groups is None else table.groups
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    differences = []
    for _ in range(_RESAMPLES):
        if table.groups is None:
            rows = rng.integers(len(groups), size=len(groups))
        else:
            rows = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        differences.append(
            np.mean([function(d["ours"][rows], table.labels[rows]) - function(d[best][rows], table.labels[rows])
                     for d in draws])
        )  # fmt: skip
    return 2.0 * float(np.std(differences))


# -- bank's last period: the base rate goes from 5 % to a third --------------------------------------------------


def _on_drift(options: Options) -> list[Figure]:
    """Train on the first four fifths by row order, predict the rest, and learn its level block by block.

    What is known when: nothing of the last period is known at training. It is cut into 20 blocks of equal size in row
    order. Block k is predicted by the model of the first four fifths and a calibrator fitted on the results of blocks
    1 to k - 1 of the last period, and on nothing else of it; block 1 is predicted as trained. Results of a whole block
    are known when the next begins. The peers' probabilities get the very same treatment.
    """
    path = options.data / "bank_marketing"
    if not path.exists():
        return []
    frame, labels = read_bank(options)
    step = 16 if options.quick else 1
    frame, labels = frame.gather_every(step), labels[::step]
    cut = round((1 - _LAST_SHARE) * len(labels))
    learn, last, seen = frame[:cut], frame[cut:], labels[cut:]
    order = np.arange(len(labels), dtype=np.float64)
    model = train(learn, labels[:cut], order[:cut], rng=np.random.default_rng(options.seed))
    static = {"ours": model.predict(last).p}
    static |= {peer: fit_peer(peer, learn, labels[:cut])(last) for peer in _peers(options)}
    moving = {who: _prequential(p, seen) for who, p in static.items()}
    rates = f"base rate {labels[:cut].mean():.1%} -> {seen.mean():.1%}, rung {model.rung}"
    figures = []
    for words, predicted in (("static", static), ("recalibrated", moving)):
        for name in ("AUC", "ECE"):
            function = _MEASURES[name]
            values = {who: function(p, seen) for who, p in predicted.items()}
            peers = [who for who in values if who != "ours"]
            best = (max if name in _HIGHER else min)(peers, key=values.__getitem__)
            bar, holds = "", None
            if words == "recalibrated" and name == "ECE":
                bar, holds = f"<= {DRIFT_ECE}", values["ours"] <= DRIFT_ECE
            elif words == "recalibrated":
                # The promise: our figure with recalibration beside the peers as they come, which have none.
                bare = max(function(static[peer], seen) for peer in peers)
                bar, holds = f">= best static peer {bare:.4f}", values["ours"] >= bare
            label = f"bank's last fifth ({rates}), {words}: {name}"
            figures.append(Figure(label, values["ours"], "", f"{best} (best)", values[best], bar, holds))
            figures += [Figure(label, values["ours"], "", peer, values[peer]) for peer in peers if peer != best]
    return figures


def _prequential(p: FloatVector, seen: BoolVector) -> FloatVector:
    """Predict each block with a calibrator that knows the results of the blocks before it."""
    plain = Calibrator(method=Method.SIGMOID, floor=1e-4, parameters=(1.0, 0.0))
    scores = logit(np.clip(p, 1e-6, 1 - 1e-6))
    times = np.arange(len(p), dtype=np.float64)
    moved = np.empty(len(p))
    for block in np.array_split(np.arange(len(p)), _BLOCKS):
        first = int(block[0])
        today = recalibrate(plain, scores[:first], seen[:first], times[:first], now=float(first))
        moved[block] = today(scores[block])
    return moved


# -- the null control --------------------------------------------------------------------------------------------


def _on_null(options: Options) -> list[Figure]:
    folder = options.data / "maven_crm"
    if not folder.exists():
        print(f"maven_crm: not measured, no folder {folder}")
        return []
    deals = (
        pl.read_csv(folder / "sales_pipeline.csv", try_parse_dates=True)
        .filter(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .join(pl.read_csv(folder / "accounts.csv"), on="account", how="left")
        .join(pl.read_csv(folder / "sales_teams.csv"), on="sales_agent", how="left")
        .sort("engage_date", "opportunity_id")
    )
    known = ["sales_agent", "manager", "product", "account", "sector", "revenue", "employees", "office_location"]
    frame, labels = deals.select(known), (deals["deal_stage"] == "Won").to_numpy()
    engaged, closed = (deals[name].cast(pl.Int64).to_numpy() * 86_400.0 for name in ("engage_date", "close_date"))
    seeds = range(options.seed, options.seed + (2 if options.quick else 10))
    models = [
        train(frame, labels, engaged, settles_at=closed, rng=np.random.default_rng(seed))
        for seed in track(seeds, description="maven_crm")
    ]
    silent = float(np.mean([model.no_signal is not None for model in models]))
    best = max(candidate.auc for model in models for candidate in model.evidence.candidates)
    return [
        Figure(f"maven: share of {len(models)} seeds that say no signal", silent, bar="all", holds=silent == 1.0),
        Figure("maven: highest out-of-fold AUC of any rung and seed", best, peer="chance", peer_value=0.5),
    ]


# -- speed -------------------------------------------------------------------------------------------------------


def _training_time(options: Options) -> list[Figure]:
    """Time one training in which every rung is tried, on made-up rows of 60 columns.

    One thread is used: LightGBM's threads wait for each other, and on a busy machine two take far longer than one.
    """
    n_rows = 5_000 if options.quick else _SPEED_ROWS
    rng = np.random.default_rng(options.seed)
    x = rng.normal(size=(n_rows, _SPEED_COLUMNS)).round(2)
    log_odds = x[:, :12] @ rng.normal(0, 0.35, 12) + np.abs(x[:, 12]) + x[:, 13] * x[:, 14] - 3.0
    labels = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    columns = {f"x{i}": x[:, i] for i in range(_SPEED_COLUMNS - 4)}
    columns |= {f"c{i}": np.floor(np.abs(x[:, _SPEED_COLUMNS - 4 + i]) * 8).astype(int).astype(str) for i in range(4)}
    frame = pl.DataFrame(columns)
    times = np.arange(n_rows, dtype=np.float64)
    began = time.perf_counter()
    model = train(frame, labels, times, rng=rng)
    seconds = time.perf_counter() - began
    name = f"training {n_rows} x {_SPEED_COLUMNS} on one thread, in time, rung {model.rung}"
    return [Figure(name, seconds, "s", bar=f"< {TRAINING_SECONDS:.0f}", holds=seconds < TRAINING_SECONDS)]


# -- measures ----------------------------------------------------------------------------------------------------


def _auc(p: FloatVector, labels: BoolVector) -> float:
    interval = metrics.auc_interval(p, labels)
    assert interval is not None, "both classes occur"
    return interval.value


_HIGHER = frozenset({"AUC", "AP"})
_MEASURES: dict[str, Callable[[FloatVector, BoolVector], float]] = {
    "AUC": _auc,
    "AP": metrics.average_precision,
    "ECE": metrics.expected_calibration_error,
    "Brier": metrics.brier_score,
}
