"""The demo's story, told through the API: a lead arrives, is scored, matched, talked about, followed up; one says no."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from domain.errors import UnavailableError
from domain.routing_results import MatchReport
from domain.scores import LeadScore
from runtime.commands.deciding import print_match, print_score
from runtime.demo.business import MARKET
from runtime.demo.client import DemoClient, Json

LEAD, REFUSER = "demo-lead-1", "demo-lead-2"
_QUESTIONS = (
    "Why does this lead have this score?",
    "Who should take it, and why?",
    "She says the commission is lower than what they get today. What do I say?",
    "How much is the onboarding fee, and when is it waived?",
    "What is the capital of Mongolia?",
)
_VISITS = ("page_viewed", "page_viewed", "document_opened", "page_viewed", "budget_discussed")


def _lead(lead_id: str, name: str, company: str) -> Json:
    slug = company.lower().replace(" ", "-")
    return {
        "id": lead_id,
        "market": MARKET,
        "source": "referral",
        "name": name,
        "company": company,
        "email": f"{name.partition(' ')[0].lower()}@{slug}.example",
        "region": "texas",
        "timezone": "America/Chicago",
        "product_id": "ins-personal-lines",
        "fields": {
            "book_size_usd": 2_400_000,
            "years_licensed": 11,
            "carrier_count": 5,
            "retention_rate": 0.91,
            "loss_ratio": 0.48,
            "producers_on_staff": 4,
            "growth_target_pct": 18,
            "lines_of_business": "personal",
            "crm_used": "agency_system",
            "contract_ends": "within_3_months",
            "online_quotes": True,
            "errors_and_omissions": True,
        },
        "consents": [{"channel": "email", "proof": "ticked the box on the partner form"}],
    }


async def lead_arrives(client: DemoClient, console: Console) -> None:
    """Let a lead arrive, score it, let it look around, and score it again."""
    await client.post("/v1/leads", {**_lead(LEAD, "Dana Whitfield", "Elmwood Insurance"), "follow_up": False})
    await client.post(f"/v1/leads/{LEAD}/interactions", [{"kind": "form_submitted", "channel": "web"}])
    console.print(
        "POST /v1/leads: Dana Whitfield of Elmwood Insurance, Texas, asks about the Personal Lines Appointment.\n"
    )
    first = LeadScore.model_validate(await client.get(f"/v1/leads/{LEAD}/score"))
    print_score(first, console)
    now = datetime.now(UTC)  # noqa: TID251 - the demo plays the outside world
    visits: list[Json] = [
        {"kind": kind, "at": (now - timedelta(seconds=len(_VISITS) - i)).isoformat(), "channel": "web"}
        for i, kind in enumerate(_VISITS)
    ]
    await client.post(f"/v1/leads/{LEAD}/interactions", visits)
    second = LeadScore.model_validate(await client.get(f"/v1/leads/{LEAD}/score"))
    console.print(
        f"\nShe reads three pages and a document and mentions her budget: "
        f"[bold]{first.points:.0f} -> {second.points:.0f}[/] points, {second.temperature.value}."
    )


async def lead_is_matched(client: DemoClient, console: Console) -> None:
    """Ask who should take the lead."""
    print_match(MatchReport.model_validate(await client.get(f"/v1/leads/{LEAD}/match")), console)


async def rep_asks(client: DemoClient, console: Console) -> None:
    """Put a few questions to the co-pilot, the last of which it cannot know."""
    for question in _QUESTIONS:
        console.print(f"[bold]rep:[/] {question}")
        steps: list[str] = []
        async for kind, data in client.chat({"message": question, "lead_id": LEAD, "conversation_id": "demo"}):
            if kind in {"score", "match", "passages", "nudge"}:
                steps.append(kind)
            elif kind == "reply":
                sources = "\n".join(f"[{c['marker']}] {c['title']}" for c in data["citations"])
                console.print(
                    Panel(data["text"], title=f"co-pilot, asked: {', '.join(steps) or 'nobody'}", title_align="left")
                )
                if sources:
                    console.print(sources, style="dim", markup=False)
            elif kind == "error":
                raise UnavailableError(f"the co-pilot failed on {question!r}: {data['message']}")
        console.print()


async def lead_is_followed_up(client: DemoClient, console: Console, outbox: Path) -> None:
    """Start a journey, accept the lead, wait for the first message, answer it, and see the journey end."""
    await client.post(f"/v1/leads/{LEAD}/journey", {})
    rep = await _accept(client, LEAD)
    console.print(f"offered to and accepted by {rep}")
    state = await _until_sent(client, LEAD, console)
    for title, text in _mails(outbox):
        console.print(Panel(text, title=title, title_align="left"))
    console.print(f"journey: {state['phase']}, next look at {state['next_at'] or 'once'}")
    reading = await client.post(
        f"/v1/leads/{LEAD}/replies",
        {"id": "demo-reply-1", "channel": "email", "text": "This looks good. Could we talk on Thursday at ten?"},
    )
    signals = ", ".join(signal["kind"] for signal in reading["buying_signals"])
    console.print(f"\nShe replies. Read as {reading['intent']} ({signals or 'no signal'}), stage {reading['stage']}.")
    state = await client.journey_until(LEAD, lambda s: s["phase"] == "closed")
    console.print(f"journey closed: [bold]{state['close_reason']}[/]; {rep} takes over.")


async def lead_says_no(client: DemoClient, console: Console, outbox: Path) -> None:
    """Let a second lead refuse, and show that nothing more is sent."""
    await client.post("/v1/leads", _lead(REFUSER, "Marcus Boone", "Boone and Hale"))
    await _accept(client, REFUSER)
    await _until_sent(client, REFUSER, console)
    sent = len(_mails(outbox))
    await client.post(
        f"/v1/leads/{REFUSER}/replies",
        {"id": "demo-reply-2", "channel": "email", "text": "Please take me off your list and do not write again."},
    )
    state = await client.journey_until(REFUSER, lambda s: s["phase"] == "closed")
    after = len(_mails(outbox))
    console.print(
        f'Marcus Boone writes "take me off your list": consent withdrawn for every channel, '
        f"journey closed: [bold]{state['close_reason']}[/], {after - sent} further messages sent."
    )
    if state["close_reason"] != "opted_out" or after != sent:
        raise UnavailableError(f"a refusal did not stop the journey: {state}")


def _mails(outbox: Path) -> list[tuple[str, str]]:
    """Read (title, text) of every mail in the outbox folder."""
    mails = []
    for file in sorted(outbox.glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        mails.append((f"{mail['Subject']} (to {mail['To']})", str(body.get_content()).strip() if body else ""))
    return mails


async def _accept(client: DemoClient, lead_id: str) -> str:
    state = await client.journey_until(lead_id, lambda s: s["phase"] != "arrived")
    if state["phase"] != "offered":
        raise UnavailableError(f"nobody can take {lead_id}: {state}")
    rep = str(state["rep_id"])
    await client.post(f"/v1/leads/{lead_id}/journey/offer", {"rep_id": rep, "accepted": True})
    return rep


async def _until_sent(client: DemoClient, lead_id: str, console: Console) -> Json:
    """Wait until a message went out; approve what waits for a person, as a rep would."""
    while True:
        state = await client.journey_until(
            lead_id, lambda s: s["sent_keys"] or s["pending_approval"] or s["phase"] == "closed"
        )
        if state["sent_keys"]:
            for line in state["log"]:
                console.print(f"  · {line}", style="dim", markup=False)
            return state
        if state["phase"] == "closed":
            raise UnavailableError(f"the journey of {lead_id} ended before anything was sent: {state}")
        approval = {"key": state["pending_approval"], "approved": True, "by": state["rep_id"]}
        await client.post(f"/v1/leads/{lead_id}/journey/approval", approval)
