"""Conversation: intent on Banking77 and CLINC150, and our own readings, beside TF-IDF with logistic regression."""

import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from benchmarks.harness import Figure, Options, run
from knowledge.minilm import MiniLmEncoder
from tools.conversation.classifier import MemoEncoder, TextClassifier
from tools.conversation.examples import ExampleSet

_NOISE = 0.005


def measure(options: Options) -> list[Figure]:
    """Measure intent recognition with few examples a label (quick) or all of them."""
    folder = options.data / "intent"
    if not folder.is_dir():
        raise SystemExit(f"no intent data at {folder}: set LEADLINE_DATA or --data")
    encoder = MemoEncoder(MiniLmEncoder(), size=60_000)
    rng = np.random.default_rng(options.seed)
    figures: list[Figure] = []
    train, test = _banking(folder / "banking77")
    figures += _compare(
        "banking77", _few(train, 10 if options.quick else None, rng), test[: 800 if options.quick else None], encoder
    )
    data = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    train = [(text, label) for text, label in data["train"]]
    test = [(text, label) for text, label in data["test"]][: 800 if options.quick else None]
    strange = [text for text, _ in data["oos_test"]][: 300 if options.quick else None]
    figures += _compare("clinc150", _few(train, 10 if options.quick else None, rng), test, encoder, strange)
    return figures


def _banking(folder: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    sets = []
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            sets.append([(row["text"], row["category"]) for row in csv.DictReader(file)])
    return sets[0], sets[1]


def _few(pairs: Sequence[tuple[str, str]], n_each: int | None, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Keep at most `n_each` pairs of each label."""
    seen: dict[str, int] = {}
    kept = []
    for index in rng.permutation(len(pairs)):
        text, label = pairs[index]
        seen[label] = seen.get(label, 0) + 1
        if n_each is None or seen[label] <= n_each:
            kept.append((text, label))
    return kept


def _compare(
    name: str,
    train: Sequence[tuple[str, str]],
    test: Sequence[tuple[str, str]],
    encoder: MemoEncoder,
    strange: Sequence[str] = (),
) -> list[Figure]:
    texts, labels = zip(*train, strict=True)
    asked, truth = zip(*test, strict=True)
    for start in track(range(0, len(texts), 256), description=f"{name}: encoding"):
        encoder.encode(texts[start : start + 256])
    ours = TextClassifier(ExampleSet(tuple(texts), tuple(labels), name), encoder)
    peer = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10.0, max_iter=1000)).fit(texts, labels)
    begin = time.perf_counter()
    rows = ours.probabilities(asked)
    per_text_ms = (time.perf_counter() - begin) / len(asked) * 1e3
    accuracy = float(np.mean(np.asarray(ours.labels)[rows.argmax(axis=1)] == np.asarray(truth)))
    peer_rows = peer.predict_proba(asked)
    peer_accuracy = float(np.mean(peer.classes_[peer_rows.argmax(axis=1)] == np.asarray(truth)))
    size = f"{len(texts)} examples"
    figures = [
        Figure(
            f"{name} intent accuracy, {size}",
            accuracy,
            "",
            "TF-IDF + LR",
            peer_accuracy,
            "not below the peer",
            accuracy >= peer_accuracy - _NOISE,
        ),
        Figure(f"{name} milliseconds a text, {size}", per_text_ms, "ms"),
    ]
    if strange:
        known = np.r_[np.ones(len(asked)), np.zeros(len(strange))]
        ours_auc = roc_auc_score(known, np.r_[rows.max(1), ours.probabilities(strange).max(1)])
        peer_auc = roc_auc_score(known, np.r_[peer_rows.max(1), peer.predict_proba(strange).max(1)])
        figures.append(
            Figure(
                f"{name} AUROC of in-scope against out-of-scope",
                float(ours_auc),
                "",
                "TF-IDF + LR",
                float(peer_auc),
                "not below the peer",
                ours_auc >= peer_auc - _NOISE,
            )
        )
    return figures


if __name__ == "__main__":
    run("conversation", measure)
