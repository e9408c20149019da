"""The matcher's own choices as arrays: who could have had each lead, who got it by what chance, how it ended."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.special import expit, logit

from tools.matching.arrays import BoolMatrix, BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.describing import SHOWN
from tools.matching.effectiveness.statistics import level_shift

_CLIP = 1e-6
_NOBODY = -1
_SAME = 1e-6


@dataclass(frozen=True)
class Logged:
    """Leads that the matcher gave out and that ended, with the candidates its decisions record.

    A decision lists its `SHOWN` best candidates in order; a rep from beyond them who got the lead all the same comes
    behind. Places of candidates are the columns of the matrices.

    Attributes:
        rep_ids: The reps who were considered or had a lead at its end, n_reps of them.
        rep: Shape (n_leads, n_places). Index of each candidate, -1 where a decision lists fewer.
        listed: Shape (n_leads, n_places). Who is among the best, whoever got the lead.
        chance: Shape (n_leads, n_places). Probability that each candidate wins the lead, as it was thought at the
            decision, levelled; 0 for nobody.
        plain: Shape (n_leads, n_places). Rows sum to 1: whom the plan on the mean effects gives the lead.
        chosen: Shape (n_leads,). Place of the rep who got it.
        propensity: Shape (n_leads,). With what probability; NaN where none was recorded.
        draw: Shape (n_leads,). Number of the moment of decision: leads of one moment share one draw of luck.
        won: Shape (n_leads,). 1 where won, else 0.
        closer: Shape (n_leads,). Index of the rep in whose hands it ended.
    """

    rep_ids: tuple[str, ...]
    rep: IntVector
    listed: BoolMatrix
    chance: FloatMatrix
    plain: FloatMatrix
    chosen: IntVector
    propensity: FloatVector
    draw: IntVector
    won: FloatVector
    closer: IntVector

    @property
    def even(self) -> FloatMatrix:
        """Every listed candidate alike, shape (n_leads, n_places): the average rep who could have had the lead."""
        share: FloatMatrix = self.listed / self.listed.sum(axis=1, keepdims=True)
        return share

    @property
    def drawn(self) -> BoolVector:
        """Shape (n_leads,). Whose propensity was recorded."""
        return ~np.isnan(self.propensity)

    @property
    def open_to_chance(self) -> BoolVector:
        """Shape (n_leads,). Which leads another draw of luck might have given to somebody else."""
        return self.propensity < 1.0

    def keep(self, rows: BoolVector) -> "Logged":
        """Return some of the leads. Shape (n_leads,)."""
        names = "rep", "listed", "chance", "plain", "chosen", "propensity", "draw", "won", "closer"
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def read_log(choices: pl.DataFrame, candidates: pl.DataFrame, settled: pl.DataFrame) -> Logged:
    """Put the matcher's choices about leads that ended into arrays.

    What was thought of the candidates is levelled by one common shift of log-odds, so that the chances of those in whose
    hands the leads ended (of the chosen, where somebody else closed) add up to the wins there were: an error that all
    share is no difference between ways of handing out.

    Args:
        choices: Table `CHOICES` of the facts.
        candidates: Table `CANDIDATES` of the facts. A choice whose rep is not among them is left out.
        settled: As `expectation.settle` returns.
    """
    rows = choices.join(settled.select("lead_id", "won", pl.col("rep_id").alias("closer")), on="lead_id").sort(
        "lead_id"
    )
    listed = candidates.join(rows.select("lead_id", "rep_id"), on="lead_id", suffix="_chosen").sort("lead_id", "place")
    known = listed.filter(pl.col("rep_id") == pl.col("rep_id_chosen"))["lead_id"].unique()
    rows = rows.filter(pl.col("lead_id").is_in(known.to_list()))
    listed = listed.filter(pl.col("lead_id").is_in(known.to_list()))
    rep_ids = tuple(sorted({*listed["rep_id"], *rows["closer"]}))
    number = {rep_id: i for i, rep_id in enumerate(rep_ids)}
    row = np.repeat(np.arange(rows.height), listed.group_by("lead_id", maintain_order=True).len()["len"].to_numpy())
    place = listed["place"].to_numpy()
    shape = rows.height, int(place.max(initial=0)) + 1
    rep = np.full(shape, _NOBODY, dtype=np.int64)
    rep[row, place] = [number[rep_id] for rep_id in listed["rep_id"]]
    odds, worth = np.full(shape, -np.inf), np.full(shape, -np.inf)
    odds[row, place] = logit(listed["p_convert"].to_numpy().clip(_CLIP, 1 - _CLIP))
    worth[row, place] = listed["worth"].to_numpy()
    chosen = (rep == np.array([number[each] for each in rows["rep_id"]], dtype=np.int64)[:, None]).argmax(axis=1)
    won = rows["won"].to_numpy()
    plain = np.array([number.get(each, _NOBODY) for each in rows["unexplored_rep_id"]], dtype=np.int64)
    closer = np.array([number[each] for each in rows["closer"]], dtype=np.int64)
    ended = np.where((rep == closer[:, None]).any(axis=1), (rep == closer[:, None]).argmax(axis=1), chosen)
    shift = level_shift(odds[np.arange(rows.height), ended], won) if rows.height else 0.0
    return Logged(
        rep_ids=rep_ids,
        rep=rep,
        listed=(rep != _NOBODY) & (np.arange(shape[1]) < SHOWN),
        chance=np.where(rep == _NOBODY, 0.0, expit(odds + shift).clip(_CLIP, 1 - _CLIP)),
        plain=_plain(rep, worth, plain),
        chosen=chosen,
        propensity=rows["propensity"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        draw=rows["at"].rank("dense").cast(pl.Int64).to_numpy(),
        won=won,
        closer=closer,
    )


def _plain(rep: IntVector, worth: FloatMatrix, plain: IntVector) -> FloatMatrix:
    """Return the rep of the plan on the mean as rows that sum to 1.

    Where it was not recorded, or not listed, it is the candidate of the greatest worth; those who tie share the lead,
    because prices tell no more.
    """
    named = (rep == plain[:, None]) & (plain[:, None] != _NOBODY)
    best = worth >= worth.max(axis=1, keepdims=True, initial=-np.inf) - _SAME
    share = np.where(named.any(axis=1, keepdims=True), named, best).astype(np.float64)
    rows: FloatMatrix = share / share.sum(axis=1, keepdims=True)
    return rows
