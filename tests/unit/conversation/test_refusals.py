from datetime import UTC, datetime

import pytest

from tools.conversation.examples import load_examples
from tools.conversation.refusals import is_opt_out, out_of_office_until

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # a Friday

REFUSALS = (
    "STOP",
    "Stop.",
    "unsubscribe",
    "Please don't contact me anymore",
    "pls take my number off your list",
    "I no longer want to receive these e-mails",
    "no more texts please",
    "delete all my data",
    "I'd like to opt out",
    "quit messaging us",
    "I withdraw my consent",
    "Por favor, no me escriban más",
    "denme de baja",
    "No quiero recibir más mensajes",
    "dejen de llamarme",
    "ne m'appelez plus",
    "keine weiteren E-Mails bitte",
    "unsubcribe",
    "stpo emailing me",
    "STOPPP",
    "no longer interested, remove",
    "could you make those calls stop",
    "I'd be glad if you wouldn't phone here again",
    "who gave you consent? I never gave you my permission",
    "strike my name off your call list",
    "retiren mi número de su base",
    "no se les ocurra llamar, no me llamen nunca",
    "retirez mon numéro de vos fichiers",
    "rufen Sie hier nie wieder an",
    "não me enviem mais nada",
)


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_heard(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize("text", [t for t in load_examples("lead_intents").texts if t in {"stop", "opt out"}])
def test_the_shortest_refusals_are_heard(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "We stop taking applications in May, right?",
        "Can you stop by on Monday?",
        "Please call me back",
        "No, I want to hear more",
        "What happens at the end of the contract?",
        "I cannot find the contact form",
        "Don't call me before ten",
        "Do not send the form to the old address",
        "Someone used my card without my permission",
        "Please remove my son from the policy",
        "Could you remove me from the policy once the car is sold?",
        "What does the opt-out period mean?",
        "Nadie me llamó ayer",
        "No me llame hoy, mejor el lunes",
        "Mein Auto ist abgemeldet",
        "Ich habe Ihre E-Mail nicht bekommen",
        "Não me ligue amanhã, só na sexta",
        "Can we cancel it and start again?",
    ],
)
def test_an_ordinary_sentence_is_no_refusal(text: str) -> None:
    assert not is_opt_out(text)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("I am out of the office until December 3.", datetime(2026, 12, 3, tzinfo=UTC)),
        ("Out of office, back on 2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("Automatic reply: I am on vacation until Monday", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Estoy fuera de la oficina hasta el 2 de enero", datetime(2027, 1, 2, tzinfo=UTC)),
        ("I'm away until the 31st of February", datetime(2026, 11, 27, 15, 30, tzinfo=UTC)),
        ("Automatic reply: limited access to email", datetime(2026, 11, 27, 15, 30, tzinfo=UTC)),
    ],
)
def test_an_absence_names_the_day_of_return(text: str, back: datetime) -> None:
    assert out_of_office_until(text, now=NOW) == back


def test_a_long_message_of_half_refusals_is_none() -> None:
    assert not is_opt_out("do not the no more of my " * 800)


def test_a_plan_for_monday_is_no_absence() -> None:
    assert out_of_office_until("I will call you back on Monday", now=NOW) is None


def test_the_day_of_return_lies_ahead() -> None:
    assert out_of_office_until("out of office until Friday", now=NOW) == datetime(2026, 11, 27, tzinfo=UTC)
