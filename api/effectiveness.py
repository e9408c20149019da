"""Routes about how well leads are handed out: the report, the page of it, and routing as a picture. Decides nothing."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from api.deps import House
from domain.values import Market
from runtime.effectiveness import EffectivenessReader
from runtime.wiring import Leadline
from tools.matching.effectiveness.page import to_html
from tools.matching.effectiveness.report import EffectivenessReport
from tools.matching.graph_export import RoutingGraph, graph_of_network, graph_of_routing, to_mermaid, to_svg

router = APIRouter(prefix="/v1/routing", tags=["routing"])

_LOOKED_AT = 1_000
"""Newest leads among which those with a match are drawn."""

Days = Annotated[int, Query(ge=1, le=3650, description="Leads created within so many days until now.")]


class GraphFormat(StrEnum):
    """How a picture is written."""

    MERMAID = "mermaid"
    SVG = "svg"


class GraphContent(StrEnum):
    """What a picture shows."""

    ROUTING = "routing"
    NETWORK = "network"


@router.get("/effectiveness")
async def effectiveness(house: House, market: str | None = None, days: Days = 180) -> EffectivenessReport:
    """Say by rep, product and segment what became of leads beside what they promised, and how fairly they were dealt.

    `others` says what people instead of the matcher, other ways of handing out and the average candidate would have won.
    Intervals are 95 %. Where there is too little to judge, the verdict is `not enough`.
    """
    return await _report(house, house.known_market(market), days)


@router.get("/effectiveness/page", response_class=HTMLResponse)
async def effectiveness_page(house: House, market: str | None = None, days: Days = 180) -> HTMLResponse:
    """Show the same as a page with plots, for people."""
    report = await _report(house, house.known_market(market), days)
    return HTMLResponse(await asyncio.to_thread(to_html, report))


@router.get(
    "/graph",
    response_class=Response,
    responses={200: {"content": {"text/vnd.mermaid": {}, "image/svg+xml": {}}, "description": "The picture."}},
)
async def graph(
    house: House,
    market: str | None = None,
    format: GraphFormat = GraphFormat.MERMAID,  # noqa: A002 - the name of the query parameter
    show: GraphContent = GraphContent.ROUTING,
    limit: Annotated[int, Query(ge=1, le=200, description="Most leads, or most pairs of product and rep.")] = 40,
) -> Response:
    """Draw who got the newest leads (`routing`), or which rep wins what (`network`); says what was left out."""
    drawn = await _graph(house, house.known_market(market), show, limit)
    if format is GraphFormat.SVG:
        return Response(to_svg(drawn), media_type="image/svg+xml")
    return Response(to_mermaid(drawn), media_type="text/vnd.mermaid")


async def _report(house: Leadline, market: Market, days: int) -> EffectivenessReport:
    now = house.clock.now()
    return await EffectivenessReader(house.records).report(market, since=now - timedelta(days=days), before=now)


async def _graph(house: Leadline, market: Market, show: GraphContent, limit: int) -> RoutingGraph:
    names = {rep.id: rep.name for rep in await house.records.reps.in_market(market)}
    if show is GraphContent.ROUTING:
        matches = await EffectivenessReader(house.records).newest_matches(market, limit=_LOOKED_AT)
        return graph_of_routing(matches, names, most_leads=limit)
    floor = await house.matcher.reader.floor(market, now=house.clock.now())
    products = {product_id: product.name for product_id, product in floor.products.items()}
    return graph_of_network(floor.network, products, names, most_edges=limit)
