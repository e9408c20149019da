"""The composition root: builds every adapter from the settings and hands it to whoever asks for its port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from agents.chat_model import OpenAiChatModel
from agents.lead_analyst import LeadAnalystNodes
from agents.lead_check import LeadCheckNodes
from agents.listener import ListenerNodes
from agents.matchmaker import MatchmakerNodes
from agents.message_reviewer import MessageReviewerNodes
from agents.message_writer import MessageWriterNodes
from agents.nudge_planner import NudgePlannerNodes
from agents.researcher import ResearcherNodes
from agents.reviewer import ReviewerNodes
from agents.supervisor import SupervisorNodes
from agents.writer import WriterNodes
from domain.errors import JourneyNotFoundError, LeadlineError, UnknownMarketError
from domain.journeys import JourneySettings
from domain.ports import Clock, Journeys, Listener
from domain.routing_ports import RoutingNews
from domain.scoring_ports import Trainings
from domain.values import LeadId, Market
from graphs.copilot import CopilotNodes, build_copilot_graph
from graphs.follow_up import FollowUpNodes
from graphs.turns import CopilotTurns
from knowledge.ingest import KnowledgeBase
from knowledge.remembered import RememberedEncoder
from records.repositories import Records
from runtime.batch_scores import BatchScorer
from runtime.checkpoints import open_checkpointer
from runtime.clock import SystemClock
from runtime.front_desk import FrontDesk
from runtime.lead_news import open_lead_news
from runtime.learned_outcomes import LearnedOutcomes, MatchedOutcomes
from runtime.overrides import OverrideDesk
from runtime.past_periods import PastPeriods
from runtime.rehearsal import ForgottenDecisions
from runtime.replaying import Replayer
from runtime.rescoring import Rescorer
from runtime.routing_desk import RoutingDesk
from runtime.routing_news import RoutingMessenger
from runtime.settings import Settings, temporal_address
from runtime.stores import open_knowledge, open_records
from runtime.temporal import connect
from tools.conversation.tool import ConversationTool
from tools.matching.answering import MatchingAnswers
from tools.matching.balancing import Balancer
from tools.matching.desk import MatchingDesk
from tools.matching.tool import MatchingTool
from tools.nudges.catalogue import load_catalogues
from tools.nudges.tool import NudgeTool
from tools.scoring.registry import FileModelRegistry
from tools.scoring.tool import ScoringTool
from tools.scoring.trainer import TrainingTool
from workflows.journeys import TemporalJourneys
from workflows.routing_keepers import TemporalRoutingKeeper
from workflows.score_keepers import TemporalScoreKeeper
from workflows.trainings import TemporalTrainings


def chat_model(settings: Settings) -> OpenAiChatModel | None:
    """Return the chat model, or None where none is set: then the offline writer answers."""
    if not settings.has_llm:
        return None
    return OpenAiChatModel(
        settings.llm_model,
        base_url=settings.llm_base_url or None,
        api_key=settings.llm_api_key or SecretStr("none"),
        timeout_s=settings.llm_timeout_s,
    )


@dataclass(frozen=True)
class Tools:
    """The capabilities, over one set of records."""

    settings: Settings
    clock: Clock
    records: Records
    knowledge: KnowledgeBase
    scorer: ScoringTool
    trainer: TrainingTool
    matcher: MatchingTool
    nudges: NudgeTool

    @classmethod
    def over(cls, settings: Settings, records: Records, knowledge: KnowledgeBase, clock: Clock) -> "Tools":
        """Build every tool over open records and knowledge."""
        registry = FileModelRegistry(settings.home / "models")
        scorer = ScoringTool.over(
            history=records.history,
            leads=records.leads,
            decisions=records.decisions,
            scores=records.scores,
            overrides=records.overrides,
            consents=records.consents,
            registry=registry,
            clock=clock,
            budget_s=settings.score_budget_ms / 1e3,
            cache_for=timedelta(seconds=settings.score_cache_s),
            cache_size=settings.score_cache_size,
        )
        trainer = TrainingTool(
            history=LearnedOutcomes(records.history, records.rejections),
            registry=registry,
            costs=scorer.costs,
            leave_out=settings.fields_left_out,
            allow=settings.fields_allowed,
        )
        matcher = MatchingTool(
            records=records,
            scorer=scorer,
            history=MatchedOutcomes(records.history, records.scores, records.first_contacts),
            clock=clock,
            policy=settings.routing_policy,
        )
        nudges = NudgeTool(
            leads=records.leads,
            consents=records.consents,
            interactions=records.interactions,
            outcomes=records.outcomes,
            nudge_results=records.nudge_results,
            decisions=records.decisions,
            scorer=scorer,
            clock=clock,
            catalogues=load_catalogues(),
        )
        return cls(settings, clock, records, knowledge, scorer, trainer, matcher, nudges)

    @property
    def matching_desk(self) -> MatchingDesk:
        """What takes in what people say about matches."""
        return MatchingDesk(self.matcher)

    @property
    def matching_answers(self) -> MatchingAnswers:
        """What answers questions about matches."""
        return MatchingAnswers(self.matcher, self._rehearser)

    @property
    def replayer(self) -> Replayer:
        """What hands the last days out again."""
        periods = PastPeriods(self.records, self.matcher.history, self._rehearser)
        return Replayer(periods, self.matcher.policy, self.clock)

    @property
    def balancer(self) -> Balancer:
        """What keeps the pool of a market moving."""
        return Balancer(self.matching_desk)

    @property
    def rescorer(self) -> Rescorer:
        """What scores leads anew after something happened to them."""
        return Rescorer(self.scorer, self.records.standings, self.records.scores)

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every market there is."""
        return tuple(sorted(self.nudges.catalogues))

    def known_market(self, name: str | None) -> Market:
        """Return a market that has a catalogue of actions, the default one for None. Raises `UnknownMarketError`."""
        chosen = Market(name or self.settings.market)
        if chosen not in self.nudges.catalogues:
            raise UnknownMarketError(chosen, self.markets)
        return chosen

    def follow_up_nodes(self) -> FollowUpNodes:
        """Build the specialists of one step of a journey."""
        model = chat_model(self.settings)
        return FollowUpNodes(
            lead_check=LeadCheckNodes(self.records.leads, self.records.outcomes, self.records.consents, self.clock),
            lead_analyst=LeadAnalystNodes(self.scorer),
            nudge_planner=NudgePlannerNodes(self.nudges),
            researcher=self._researcher(),
            message_writer=MessageWriterNodes(model),
            message_reviewer=MessageReviewerNodes(self.records.decisions, self.clock, self.settings.sender_name),
        )

    def copilot_nodes(self, listener: Listener) -> CopilotNodes:
        """Build the specialists of a chat turn."""
        model = chat_model(self.settings)
        return CopilotNodes(
            listener=ListenerNodes(listener, self.clock),
            supervisor=SupervisorNodes(model),
            lead_analyst=LeadAnalystNodes(self.scorer),
            matchmaker=MatchmakerNodes(self.matcher),
            researcher=self._researcher(),
            nudge_planner=NudgePlannerNodes(self.nudges),
            writer=WriterNodes(model),
            reviewer=ReviewerNodes(),
        )

    @property
    def _rehearser(self) -> ScoringTool:
        """A scorer that records nothing."""
        return replace(self.scorer, decisions=ForgottenDecisions())

    def _researcher(self) -> ResearcherNodes:
        return ResearcherNodes(self.knowledge.retriever(), self.records.leads, self.records.interactions, self.clock)


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Tools]:
    """Open records and knowledge, and build the tools over them. Raises `UnavailableError`s."""
    async with AsyncExitStack() as stack:
        records = await stack.enter_async_context(open_records(settings))
        knowledge = open_knowledge(settings)
        stack.callback(knowledge.close)
        yield Tools.over(settings, records, knowledge, SystemClock())


def open_listener(tools: Tools) -> ConversationTool:
    """Fit the conversation tool; the vectors of its examples are kept in the home folder between starts."""
    encoder = tools.knowledge.encoder
    return ConversationTool(RememberedEncoder(encoder, tools.settings.home / "examples") if encoder else None)


def copilot_turns(
    tools: Tools, listener: Listener, checkpointer: BaseCheckpointSaver[str] | None = None
) -> CopilotTurns:
    """Build the service that runs chat turns; without a checkpointer, conversations live in memory."""
    graph = build_copilot_graph(tools.copilot_nodes(listener)).compile(checkpointer=checkpointer or InMemorySaver())
    return CopilotTurns(graph, tools.records.turns, tools.records.decisions, tools.clock)


@dataclass(frozen=True)
class Leadline:
    """Everything that an entry point needs."""

    tools: Tools
    listener: Listener
    turns: CopilotTurns
    journeys: Journeys
    trainings: Trainings
    front_desk: FrontDesk
    routing_news: RoutingNews

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.tools.settings

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.tools.clock

    @property
    def records(self) -> Records:
        """The system of record."""
        return self.tools.records

    @property
    def scorer(self) -> ScoringTool:
        """The scoring tool."""
        return self.tools.scorer

    @property
    def trainer(self) -> TrainingTool:
        """The tool that makes the models that score."""
        return self.tools.trainer

    @property
    def matcher(self) -> MatchingTool:
        """The matching tool."""
        return self.tools.matcher

    @property
    def batch_scorer(self) -> BatchScorer:
        """What scores any number of leads."""
        return BatchScorer(self.scorer, self.records.standings, self.records.scores, self.clock)

    @property
    def override_desk(self) -> OverrideDesk:
        """What takes in a person's word on a score."""
        records = self.records
        return OverrideDesk(records.leads, records.overrides, records.audit, self.clock)

    @property
    def routing_desk(self) -> RoutingDesk:
        """What hands leads out, and takes in what people say about it."""
        return RoutingDesk(self.tools.balancer, self.journeys, self.routing_news)

    @property
    def matching_answers(self) -> MatchingAnswers:
        """What answers questions about matches."""
        return self.tools.matching_answers

    @property
    def replayer(self) -> Replayer:
        """What hands the last days out again."""
        return self.tools.replayer

    def known_market(self, name: str | None) -> Market:
        """Return a market, the default one for None. Raises `UnknownMarketError`."""
        return self.tools.known_market(name)

    async def parts(self) -> Mapping[str, str | None]:
        """Say of each part what is wrong with it; None where it answers."""
        checks = {
            "records": self.records.leads.newest(None, limit=1),
            "workflows": self.journeys.state(LeadId("no-such-lead")),
        }
        found: dict[str, str | None] = {}
        for name, check in checks.items():
            try:
                await check
            except JourneyNotFoundError:
                found[name] = None
            except LeadlineError as error:
                found[name] = str(error)
            else:
                found[name] = None
        return found


@asynccontextmanager
async def open_leadline(settings: Settings) -> AsyncIterator[Leadline]:
    """Open everything behind the API and the terminal. Temporal is reached at the first call to a journey.

    Raises:
        RecordsUnavailableError: If the database does not answer.
    """
    async with AsyncExitStack() as stack:
        tools = await stack.enter_async_context(open_tools(settings))
        listener = await asyncio.to_thread(open_listener, tools)
        turns = copilot_turns(tools, listener, await stack.enter_async_context(open_checkpointer(settings)))
        client = await connect(temporal_address(settings), namespace=settings.temporal_namespace, lazy=True)
        journeys = TemporalJourneys(client)
        news = await stack.enter_async_context(open_lead_news(TemporalScoreKeeper(client)))
        routing_news = RoutingMessenger(journeys, TemporalRoutingKeeper(client))
        desk = FrontDesk(
            records=tools.records,
            journeys=journeys,
            listener=listener,
            clock=tools.clock,
            journey_settings=JourneySettings(time_scale=settings.journey_time_scale),
            news=news,
            routing=routing_news,
        )
        yield Leadline(
            tools=tools,
            listener=listener,
            turns=turns,
            journeys=journeys,
            trainings=TemporalTrainings(client),
            front_desk=desk,
            routing_news=routing_news,
        )
