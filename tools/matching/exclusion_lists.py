"""Exclusions by rule and detail, each with all its reps, and back. Pure: no clock, no I/O; excludes nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.matches import Exclusion

_Groups = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class ExclusionLists:
    """Rebuilds lists of exclusions from their groups, each once: most leads of a batch exclude the same reps.

    A batch of 10,000 leads and 1,000 reps has six million exclusions in about fifty different lists.
    """

    _by_object: dict[int, tuple[_Groups, tuple[Exclusion, ...]]] = field(default_factory=dict)
    _by_content: dict[object, tuple[Exclusion, ...]] = field(default_factory=dict)

    def ungroup(self, groups: _Groups) -> tuple[Exclusion, ...]:
        """Return the exclusions of groups, and of rows that name one rep each; equal groups give the same list."""
        if id(groups) not in self._by_object:
            self._by_object[id(groups)] = (groups, self._ungroup(groups))  # kept, or another might get its id
        return self._by_object[id(groups)][1]

    def _ungroup(self, groups: _Groups) -> tuple[Exclusion, ...]:
        content = tuple((row["rule"], row["detail"], tuple(_rep_ids(row))) for row in groups)
        if content not in self._by_content:
            self._by_content[content] = tuple(
                Exclusion(rep_id=rep_id, rule=rule, detail=detail)
                for rule, detail, rep_ids in content
                for rep_id in rep_ids
            )
        return self._by_content[content]


def group(excluded: Sequence[Exclusion]) -> tuple[dict[str, Any], ...]:
    """Return exclusions by rule and detail, in the order in which these first come."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in excluded:
        groups.setdefault((each.rule, each.detail), []).append(each.rep_id)
    return tuple({"rule": rule, "detail": detail, "rep_ids": ids} for (rule, detail), ids in groups.items())


def _rep_ids(row: Mapping[str, Any]) -> Sequence[str]:
    rep_ids: Sequence[str] = row["rep_ids"] if "rep_ids" in row else [row["rep_id"]]
    return rep_ids
