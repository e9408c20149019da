from hypothesis import given
from hypothesis import strategies as st

from agents.supervisor import SPECIALISTS
from graphs.copilot import build_copilot_graph
from graphs.routing import ALL, BY_INTENT, MAX_SPECIALISTS, NEED_LEAD, choose_specialists
from tests.doubles.copilot_house import CopilotHouse
from tests.doubles.samples import reading


def test_the_router_the_supervisor_and_the_graph_know_the_same_specialists():
    nodes = build_copilot_graph(CopilotHouse().copilot_nodes()).nodes
    assert set(ALL) == set(SPECIALISTS) == set(nodes) - {"listen", "propose_plan", "write", "review"}


def test_a_question_about_no_lead_goes_to_the_documents():
    assert choose_specialists(reading("find_rep"), None, []) == ("research",)


def test_a_clear_question_ignores_proposals():
    assert choose_specialists(reading("find_rep"), "L-7", ["research"]) == ("find_rep", "analyse_lead")


def test_an_unclear_question_without_a_proposal_goes_by_the_best_guess():
    assert choose_specialists(reading("find_rep", confidence=0.1), "L-7", []) == ("find_rep", "analyse_lead")


@given(
    st.sampled_from([*BY_INTENT, "other", "never heard of"]),
    st.floats(0, 1),
    st.sampled_from([None, "L-7"]),
    st.lists(st.sampled_from([*ALL, "send_email", ""])),
)
def test_whatever_is_proposed_only_known_specialists_run_and_few_of_them(intent, confidence, lead_id, proposal):
    chosen = choose_specialists(reading(intent, confidence=confidence), lead_id, proposal)
    assert set(chosen) <= set(ALL)
    assert len(chosen) <= MAX_SPECIALISTS
    assert lead_id is not None or not set(chosen) & NEED_LEAD
