"""The records that routing works with, by role. Does nothing."""

from typing import Protocol

from domain.ports import AssignmentRecords, AuditTrail, ProductRecords, RepRecords
from domain.routing_ports import (
    AvailabilityRecords,
    CapacityKeeper,
    MatchDecisions,
    MatchOverrideRecords,
    Pool,
    RejectionRecords,
    RoutedLeads,
)


class RoutingRecords(Protocol):
    """What the matching tool reads and writes."""

    @property
    def routed_leads(self) -> RoutedLeads: ...  # noqa: D102 - named for its port
    @property
    def reps(self) -> RepRecords: ...  # noqa: D102 - named for its port
    @property
    def products(self) -> ProductRecords: ...  # noqa: D102 - named for its port
    @property
    def assignments(self) -> AssignmentRecords: ...  # noqa: D102 - named for its port
    @property
    def availability(self) -> AvailabilityRecords: ...  # noqa: D102 - named for its port
    @property
    def rejections(self) -> RejectionRecords: ...  # noqa: D102 - named for its port
    @property
    def match_overrides(self) -> MatchOverrideRecords: ...  # noqa: D102 - named for its port
    @property
    def pool(self) -> Pool: ...  # noqa: D102 - named for its port
    @property
    def capacity(self) -> CapacityKeeper: ...  # noqa: D102 - named for its port
    @property
    def decisions(self) -> MatchDecisions: ...  # noqa: D102 - named for its port
    @property
    def audit(self) -> AuditTrail: ...  # noqa: D102 - named for its port
