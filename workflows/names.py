"""Names on the wire: what Temporal histories and clients refer to. Never renamed without `workflow.patched`."""

from domain.values import LeadId

TASK_QUEUE = "leadline-journeys"

JOURNEY_WORKFLOW = "LeadJourneyWorkflow"
FOLLOW_UP_GRAPH = "follow_up"

SCORE_LEAD = "score_lead"
ASSIGN_LEAD = "assign_lead"
RELEASE_LEAD = "release_lead"
SEND_MESSAGE = "send_message"
RECORD_CONTACT = "record_contact"
RECORD_RESULT = "record_result"
WITHDRAW_CONSENT = "withdraw_consent"

ANSWER_OFFER = "answer_offer"
APPROVE_NUDGE = "approve_nudge"

REPLY_RECEIVED = "reply_received"
OPTED_OUT = "opted_out"
OUTCOME_REACHED = "outcome_reached"
STOP = "stop"

JOURNEY_STATE = "journey_state"


def journey_id(lead_id: LeadId) -> str:
    """Name the workflow of a lead: one running journey per lead, by construction."""
    return f"journey-{lead_id}"
