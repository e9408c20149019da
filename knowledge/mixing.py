"""Two ranked lists into one: min-max scaling and a convex mix. Pure."""

from collections.abc import Mapping


def scale(scores: Mapping[str, float]) -> dict[str, float]:
    """Map scores to [0, 1], the least to 0 and the greatest to 1; where all are equal, to 1."""
    if not scores:
        return {}
    least, greatest = min(scores.values()), max(scores.values())
    if least == greatest:
        return dict.fromkeys(scores, 1.0)
    return {id_: (score - least) / (greatest - least) for id_, score in scores.items()}


def mix(dense: Mapping[str, float], sparse: Mapping[str, float], *, dense_weight: float) -> list[tuple[str, float]]:
    """Rank the union of two lists by the weighted mean of their scaled scores.

    A passage that one list lacks was below that list's cut, so it counts there as the list's least. Against ranks
    (reciprocal rank fusion) this keeps how much better the first is than the second, which pays where one half is weak.

    Args:
        dense: Cosine by passage id.
        sparse: BM25 score by passage id.
        dense_weight: Weight of the dense half, in [0, 1]; the sparse half has the rest. With one list empty the other
            decides alone.

    Returns:
        Pairs of id and score in [0, 1], best first, equal scores by id.

    Raises:
        ValueError: If the weight is not in [0, 1].

    Source:
        Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023. There the minimum is
        the theoretical one; here it is that of the list.
    """
    if not 0 <= dense_weight <= 1:
        message = f"dense_weight: {dense_weight!r} is not in [0, 1]"
        raise ValueError(message)
    if not dense or not sparse:
        dense_weight = 1.0 if dense else 0.0
    scaled_dense, scaled_sparse = scale(dense), scale(sparse)
    mixed = {
        id_: dense_weight * scaled_dense.get(id_, 0.0) + (1 - dense_weight) * scaled_sparse.get(id_, 0.0)
        for id_ in dense.keys() | sparse.keys()
    }
    return sorted(mixed.items(), key=lambda pair: (-pair[1], pair[0]))
