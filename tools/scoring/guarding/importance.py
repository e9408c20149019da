"""Watches what models rest on: how importance moved from one version to the next. Pure: no clock, no I/O."""

from collections.abc import Mapping

from pydantic import Field

from domain.values import Value
from tools.scoring.features import describe

NOTABLE_SHARE = 0.05
"""Change of a group's share of the whole importance that is worth a look."""

ANOTHER_MODEL = 0.3
"""Share of the whole importance that has to move before two versions rest on different things."""


class ImportanceShift(Value):
    """How much of a model rests on one group of features that tell the same fact."""

    group: str
    label: str = Field(description="Noun phrase of the group's most important feature.")
    before: float = Field(description="Share of the whole importance, 0 to 1.")
    now: float
    rank_before: int | None = Field(description="1 is the most important; null where it played no part.")
    rank_now: int | None


class ImportanceReport(Value):
    """What changed between two versions."""

    moved: float = Field(description="Share of the whole importance that moved to other groups, 0 to 1.")
    shifts: tuple[ImportanceShift, ...] = Field(description="Every group, the largest change first.")

    @property
    def notable(self) -> tuple[ImportanceShift, ...]:
        """Groups whose share changed enough to be worth a look."""
        return tuple(shift for shift in self.shifts if abs(shift.now - shift.before) >= NOTABLE_SHARE)

    @property
    def rests_on_other_things(self) -> bool:
        """Whether the versions are so different that a person should look before the new one serves."""
        return self.moved >= ANOTHER_MODEL


def compare_importance(before: Mapping[str, float], now: Mapping[str, float]) -> ImportanceReport:
    """Compare the importance of two versions, as mean absolute log-odds by feature.

    Features that tell one fact, such as a count over several windows, are taken together: which of them a tree splits
    on is chance.
    """
    sides = [shares_by_group(side) for side in (before, now)]
    ranks = [{group: i for i, group in enumerate(side, start=1)} for side in sides]
    shifts = [
        ImportanceShift(
            group=group,
            label=_label(group, {**before, **now}),
            before=sides[0].get(group, 0.0),
            now=sides[1].get(group, 0.0),
            rank_before=ranks[0].get(group),
            rank_now=ranks[1].get(group),
        )
        for group in dict.fromkeys([*sides[1], *sides[0]])
    ]
    shifts.sort(key=lambda shift: -abs(shift.now - shift.before))
    return ImportanceReport(
        moved=sum(abs(shift.now - shift.before) for shift in shifts) / 2 if all(sides) else 0.0, shifts=tuple(shifts)
    )


def shares_by_group(importance: Mapping[str, float]) -> dict[str, float]:
    """Return each group's share of the whole importance, the largest first; empty where nothing has any."""
    total = sum(importance.values())
    if total <= 0:
        return {}
    groups: dict[str, float] = {}
    for name, weight in importance.items():
        group = describe(name).group
        groups[group] = groups.get(group, 0.0) + weight / total
    return dict(sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])))


def _label(group: str, importance: Mapping[str, float]) -> str:
    members = [name for name in importance if describe(name).group == group]
    return describe(max(members, key=lambda name: (importance[name], name))).label
