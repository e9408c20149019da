"""The documentation's feature table is the code's."""

from pathlib import Path

from tools.scoring.features import FEATURES


def test_the_docs_list_every_feature_with_its_formula():
    page = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert listed == [
        f"| `{f.name}` | {f.unit} | {f.formula} | {'yes' if f.actionable else ''} |" for f in FEATURES
    ]  # fmt: skip
