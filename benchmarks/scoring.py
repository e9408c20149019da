"""Is scoring right, honest, explained and fast? Every part beside its peers in the same run: `--only PART` for one.

Data: UCI Bank Marketing (Moro, Cortez and Rita 2014), UCI Online Shoppers (Sakar et al. 2018), IBM Telco churn,
B2B opportunities (Bohanec et al. 2017), Maven Analytics CRM (fictitious, a null control); see the publishers' terms.
"""

from benchmarks import (
    _scoring_api,
    _scoring_cold_start,
    _scoring_events,
    _scoring_explanations,
    _scoring_features,
    _scoring_guard,
    _scoring_intervals,
    _scoring_quality,
    _scoring_simulation,
    _scoring_speed,
)
from benchmarks.harness import run_parts

PARTS = {
    "quality": _scoring_quality.measure,
    "simulation": _scoring_simulation.measure,
    "cold_start": _scoring_cold_start.measure,
    "intervals": _scoring_intervals.measure,
    "guard": _scoring_guard.measure,
    "explanations": _scoring_explanations.measure,
    "features": _scoring_features.measure,
    "speed": _scoring_speed.measure,
    "api": _scoring_api.measure,
    "events": _scoring_events.measure,
}

if __name__ == "__main__":
    run_parts("scoring", PARTS)
