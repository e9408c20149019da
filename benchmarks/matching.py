"""Does the right rep get every lead, and is it proved? Every part beside its peers in the same run: `--only PART` for one.

Data: three simulated markets whose truth is known, and Maven Analytics CRM (fictitious, public domain: a null control).
"""

from benchmarks import (
    _matching_conversions,
    _matching_effectiveness,
    _matching_learnable,
    _matching_null,
    _matching_regret,
    _matching_replay,
    _matching_scale,
    _matching_scored,
    _matching_solver,
    _matching_territory,
)
from benchmarks.harness import run_parts

PARTS = {
    "conversions": _matching_conversions.measure,
    "learnable": _matching_learnable.measure,
    "scored": _matching_scored.measure,
    "null": _matching_null.measure,
    "regret": _matching_regret.measure,
    "solver": _matching_solver.measure,
    "scale": _matching_scale.measure,
    "territory": _matching_territory.measure,
    "effectiveness": _matching_effectiveness.measure,
    "replay": _matching_replay.measure,
}

if __name__ == "__main__":
    run_parts("matching", PARTS)
