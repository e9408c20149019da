from domain.matches import Exclusion
from tools.matching.exclusion_lists import ExclusionLists, group

FAR = [Exclusion(rep_id=rep, rule="region", detail="far") for rep in ("a", "b")]
FULL = Exclusion(rep_id="c", rule="capacity", detail="full")


def test_exclusions_survive_being_grouped():
    assert ExclusionLists().ungroup(group([*FAR, FULL])) == (*FAR, FULL)


def test_equal_groups_give_one_list_and_others_their_own():
    lists = ExclusionLists()
    first, again, other = (lists.ungroup(group(excluded)) for excluded in (FAR, list(FAR), [FULL]))
    assert first is again
    assert other == (FULL,)


def test_groups_that_are_gone_are_not_taken_for_others():
    lists = ExclusionLists()
    found = [lists.ungroup(group([Exclusion(rep_id=f"{n}", rule="region", detail="far")])) for n in range(100)]
    assert [each.rep_id for (each,) in found] == [f"{n}" for n in range(100)]


def test_rows_that_name_one_rep_each_are_understood():
    rows = [{"rule": "region", "detail": "far", "rep_id": rep} for rep in ("a", "b")]
    assert ExclusionLists().ungroup(rows) == tuple(FAR)
