"""All repositories over one database, as the composition root hands them out. Holds no statement."""

from dataclasses import dataclass
from typing import Self

from domain.ports import (
    AssignmentRecords,
    AuditTrail,
    ConsentLedger,
    FeedbackRecords,
    InteractionLog,
    LeadRecords,
    NudgeResults,
    OutcomeRecords,
    ProductRecords,
    RepRecords,
    SendLedger,
    TurnRecords,
)
from domain.routing_ports import (
    AvailabilityRecords,
    CapacityKeeper,
    MatchDecisions,
    MatchOverrideRecords,
    Pool,
    RejectionRecords,
    RoutedLeads,
)
from domain.scoring_ports import LeadStandings, ScoreHistory, ScoreOverrides
from records.assignment_log import SqlAssignmentLog
from records.assignments import SqlAssignmentRecords
from records.audit import SqlAuditTrail
from records.availability import SqlAvailability
from records.bulk import BulkWriter
from records.capacity import SqlCapacityKeeper
from records.consents import SqlConsentLedger
from records.database import Database
from records.decisions import SqlDecisionLog, SqlFeedbackRecords
from records.first_contacts import SqlFirstContacts
from records.history import SqlHistory
from records.interactions import SqlInteractionLog
from records.leads import SqlLeadRecords
from records.match_overrides import SqlMatchOverrides
from records.nudge_results import SqlNudgeResults
from records.outcomes import SqlOutcomeRecords
from records.people import SqlProductRecords, SqlRepRecords
from records.pool import SqlPool
from records.rejections import SqlRejections
from records.routed_leads import SqlRoutedLeads
from records.score_history import SqlScoreHistory
from records.score_overrides import SqlScoreOverrides
from records.sends import SqlSendLedger
from records.standings import SqlLeadStandings
from records.turns import SqlTurnRecords


@dataclass(frozen=True)
class Records:
    """One adapter for each port of the records, the history and the bulk writer."""

    leads: LeadRecords
    reps: RepRecords
    products: ProductRecords
    interactions: InteractionLog
    outcomes: OutcomeRecords
    assignments: AssignmentRecords
    assignment_log: SqlAssignmentLog
    availability: AvailabilityRecords
    rejections: RejectionRecords
    match_overrides: MatchOverrideRecords
    pool: Pool
    capacity: CapacityKeeper
    routed_leads: RoutedLeads
    consents: ConsentLedger
    decisions: MatchDecisions
    scores: ScoreHistory
    first_contacts: SqlFirstContacts
    overrides: ScoreOverrides
    standings: LeadStandings
    feedback: FeedbackRecords
    audit: AuditTrail
    nudge_results: NudgeResults
    turns: TurnRecords
    sends: SendLedger
    history: SqlHistory
    bulk: BulkWriter

    @classmethod
    def over(cls, database: Database) -> Self:
        """Build all of them over an open database."""
        return cls(
            leads=SqlLeadRecords(database),
            reps=SqlRepRecords(database),
            products=SqlProductRecords(database),
            interactions=SqlInteractionLog(database),
            outcomes=SqlOutcomeRecords(database),
            assignments=SqlAssignmentRecords(database),
            assignment_log=SqlAssignmentLog(database),
            availability=SqlAvailability(database),
            rejections=SqlRejections(database),
            match_overrides=SqlMatchOverrides(database),
            pool=SqlPool(database),
            capacity=SqlCapacityKeeper(database),
            routed_leads=SqlRoutedLeads(database),
            consents=SqlConsentLedger(database),
            decisions=SqlDecisionLog(database),
            scores=SqlScoreHistory(database),
            first_contacts=SqlFirstContacts(database),
            overrides=SqlScoreOverrides(database),
            standings=SqlLeadStandings(database),
            feedback=SqlFeedbackRecords(database),
            audit=SqlAuditTrail(database),
            nudge_results=SqlNudgeResults(database),
            turns=SqlTurnRecords(database),
            sends=SqlSendLedger(database),
            history=SqlHistory(database),
            bulk=BulkWriter(database),
        )
