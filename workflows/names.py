"""Names on the wire: what Temporal histories and clients refer to. Never renamed without `workflow.patched`."""

from domain.values import LeadId, Market

TASK_QUEUE = "leadline-journeys"
SCORING_QUEUE = "leadline-scoring"
ROUTING_QUEUE = "leadline-routing"

JOURNEY_WORKFLOW = "LeadJourneyWorkflow"
FOLLOW_UP_GRAPH = "follow_up"
SCORE_KEEPER_WORKFLOW = "ScoreKeeperWorkflow"
ROUTING_KEEPER_WORKFLOW = "RoutingKeeperWorkflow"
SCORING_TRAINING_WORKFLOW = "ScoringTrainingWorkflow"
NIGHTLY_TRAINING_WORKFLOW = "NightlyTrainingWorkflow"
NIGHTLY_TRAINING = "scoring-training-nightly"

SCORE_LEAD = "score_lead"
ASSIGN_LEAD = "assign_lead"
RELEASE_LEAD = "release_lead"
RECORD_ACCEPTANCE = "record_acceptance"
RECORD_REJECTION = "record_rejection"
RECORD_STOP = "record_stop"
ESCALATE_LEAD = "escalate_lead"
SEND_MESSAGE = "send_message"
RECORD_CONTACT = "record_contact"
RECORD_RESULT = "record_result"
WITHDRAW_CONSENT = "withdraw_consent"
RESCORE_LEADS = "rescore_leads"
TRAIN_MARKET_MODEL = "train_market_model"
SWEEP_MARKET = "sweep_market"

ANSWER_OFFER = "answer_offer"
APPROVE_NUDGE = "approve_nudge"

REPLY_RECEIVED = "reply_received"
OPTED_OUT = "opted_out"
OUTCOME_REACHED = "outcome_reached"
REP_CHANGED = "rep_changed"
STOP = "stop"
LEADS_CHANGED = "leads_changed"
FLOOR_CHANGED = "floor_changed"

JOURNEY_STATE = "journey_state"
KEEPER_STATE = "keeper_state"
ROUTING_STATE = "routing_state"


def journey_id(lead_id: LeadId) -> str:
    """Name the workflow of a lead: one running journey per lead, by construction."""
    return f"journey-{lead_id}"


def score_keeper_id(market: Market) -> str:
    """Name the workflow that keeps a market's scores up to date: one for each market, by construction."""
    return f"score-keeper-{market}"


def routing_keeper_id(market: Market) -> str:
    """Name the workflow that keeps a market's pool moving: one for each market, by construction."""
    return f"routing-keeper-{market}"


def training_id(market: Market) -> str:
    """Name the training of a market's model: one at a time, by construction."""
    return f"scoring-training-{market}"
