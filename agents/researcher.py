"""The researcher: finds passages, and recalls what happened with a lead. Does not judge what it finds."""

import re
from dataclasses import dataclass

from agents.offline_writer import CUSTOMER_KINDS
from agents.problems import REPORTABLE, report
from agents.state import CopilotState, FollowUpState, Json, ResearchInput
from domain.conversations import Speaker
from domain.errors import KnowledgeUnavailableError
from domain.knowledge import KnowledgeQuery, SearchResult
from domain.nudges import Nudge
from domain.ports import Clock, InteractionLog, LeadRecords, Retriever
from domain.values import LeadId, Market, ProductId

TURNS_IN_QUERY = 3
MAX_QUERY_CHARS = 4_000
PASSAGES = 5
RECALLED = 10
MAX_RECALLED_CHARS = 400
FIRST_KINDS = {"objection_help": ("objection_guide",), "objection": ("objection_guide",)}
"""Documents looked into first, by intent; all documents follow where these do not answer."""

_ERRAND = re.compile(
    r"^.{0,20}\b(?:write|draft|compose|prepare)\b.{0,80}?\b(?:about|on|regarding)\s+", re.IGNORECASE | re.DOTALL
)


def search_text(history: list[Json], text: str) -> str:
    """Join the rep's last three turns, newest last: a question inside a conversation leans on the ones before it.

    What does not fit is cut from the oldest words. Of "write an email to L-7 about X", X is what to look for.

    Source:
        Measured on multi-turn retrieval: nDCG .428 with three turns, .137 with the last alone, .228 with all.
    """
    asked = [str(m["text"]) for m in history if m["speaker"] == Speaker.REP]
    topics = [_ERRAND.sub("", one) or one for one in (*asked[-(TURNS_IN_QUERY - 1) :], text)]
    return "\n".join(topics)[-MAX_QUERY_CHARS:]


@dataclass(frozen=True)
class ResearcherNodes:
    """Asks the retriever, the lead records and the interaction log."""

    retriever: Retriever
    leads: LeadRecords
    interactions: InteractionLog
    clock: Clock

    async def research(self, state: CopilotState) -> CopilotState:
        """Find passages for a rep's question."""
        query = KnowledgeQuery(
            text=search_text(state.get("history", []), state["text"]),
            market=Market(state["market"]),
            kinds=FIRST_KINDS.get((state["reading"] or {}).get("intent", ""), ()),
            at=self.clock.now(),
            limit=PASSAGES,
        )
        try:
            found = await self.retriever.search(query)
            if query.kinds and not found.confident:
                found = await self.retriever.search(query.model_copy(update={"kinds": ()}))
        except REPORTABLE as error:
            return report("researcher", error)
        return {"search": found.model_dump(mode="json")}

    async def recall_lead(self, state: CopilotState) -> CopilotState:
        """Recall who the lead is and what happened last."""
        lead_id = LeadId(state["lead_id"] or "")
        try:
            lead = await self.leads.get(lead_id)
        except REPORTABLE as error:
            return report("researcher", error)
        recent = await self.interactions.of_lead(lead_id, before=self.clock.now(), limit=RECALLED)
        # A turn needs the gist; a transcript of 100,000 characters would be copied into every checkpoint.
        short = [one.model_copy(update={"text": one.text[:MAX_RECALLED_CHARS]}) if one.text else one for one in recent]
        return {
            "lead": lead.model_dump(mode="json", exclude={"provenance", "fields"}),
            "interactions": [one.model_dump(mode="json") for one in short],
        }

    async def research_facts(self, state: ResearchInput) -> FollowUpState:
        """Find the approved facts for a message to a customer; without the knowledge base there are none."""
        nudge = Nudge.model_validate(state["nudge"])
        product_id = state["lead"].get("product_id")
        query = KnowledgeQuery(
            text=(nudge.action.query or nudge.action.brief or nudge.action.label)[:MAX_QUERY_CHARS],
            market=Market(state["market"]),
            product_id=ProductId(product_id) if product_id else None,
            kinds=tuple(sorted(CUSTOMER_KINDS)),
            at=self.clock.now(),
            limit=PASSAGES,
        )
        try:
            found = await self.retriever.search(query)
        except KnowledgeUnavailableError:
            found = SearchResult(hits=(), corpus_version="unavailable", confident=False)
        return {"search": found.model_dump(mode="json")}
