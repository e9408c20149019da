"""Whether the best passages are good enough to answer from. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ConfidenceRule:
    """Absolute evidence; the mixed score of a hit is relative to its neighbours and says nothing here.

    The defaults are fitted to MiniLM on the questions beside the corpora (`benchmarks/retrieval.py` measures them);
    the cosines of another encoder lie elsewhere.

    Attributes:
        threshold: What `cosine + coverage_weight * coverage` must reach.
        coverage_weight: What full coverage of the question's words is worth, in cosine.
        threshold_by_words: The coverage to reach where there are no dense vectors.
    """

    threshold: float = 0.47
    coverage_weight: float = 0.1
    threshold_by_words: float = 0.4

    def holds(self, *, cosine: float | None, coverage: float) -> bool:
        """Say whether to answer.

        Args:
            cosine: Greatest cosine found; None without dense vectors.
            coverage: Greatest share of the question's words found in one passage, in [0, 1].
        """
        if cosine is None:
            return coverage >= self.threshold_by_words
        return cosine + self.coverage_weight * coverage >= self.threshold
