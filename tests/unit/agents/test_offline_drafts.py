import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.checks import SMS_CHARS, check_draft
from agents.offline_drafts import DraftBrief, finish_message, write_offline_draft
from domain.events import Channel
from tests.doubles.samples import PASSAGE_TEXTS

EN = (1, "en", "Partner Shield", PASSAGE_TEXTS["p-cover"])
ES = (2, "es", "Partner Shield", "La póliza cubre robo y daños por agua hasta 50.000 USD. La franquicia es de 500 USD.")


def brief(channel: Channel = Channel.EMAIL, *, language: str = "en", name: str | None = "Maria Lopez") -> DraftBrief:
    return DraftBrief(
        channel=channel,
        language=language,
        name=name,
        label="Benefit",
        goal="Say what it covers.",
        query="water damage cover",
    )


def test_an_email_greets_by_name_and_quotes_a_passage():
    text = write_offline_draft(brief(), [EN])
    assert text.body.startswith("Hello Maria Lopez,")
    assert "The Partner Shield policy covers theft and water damage up to 50,000 USD. [1]" in text.body


def test_a_message_quotes_only_passages_in_its_own_language():
    body = write_offline_draft(brief(language="es"), [EN, ES]).body
    assert "La póliza cubre robo y daños por agua hasta 50.000 USD. [2]" in body
    assert "[1]" not in body


def test_without_an_approved_fact_nothing_is_claimed():
    body = write_offline_draft(brief(language="es"), [EN]).body
    assert body == (
        "Hola, Maria Lopez:\n\ngracias por su interés. Le escribo para ayudarle con el siguiente paso.\n\n"
        "¿Le vendría bien una conversación breve esta semana?"
    )


def test_a_promise_in_a_passage_is_not_quoted_to_a_customer():
    passage = (1, "en", "Shield", "Water damage cover is guaranteed for life. Water damage is covered in every room.")
    assert "guaranteed" not in write_offline_draft(brief(), [passage]).body


def test_an_email_ends_with_signature_disclosure_and_a_way_out():
    done = finish_message("Hello, it costs 5 USD [1].", channel=Channel.EMAIL, language="en", sender="Ana")
    assert done == (
        "Hello, it costs 5 USD.\n\nBest regards,\nAna\n\n--\n"
        "This message was written with the help of an AI assistant. A person reads your answer.\n"
        'If you would rather not hear from us, reply "unsubscribe" and we will not write again.'
    )


def test_an_sms_has_its_way_out_in_its_language():
    done = finish_message("Hola.", channel=Channel.SMS, language="es", sender="Ana")
    assert done == "Hola. Escrito con IA. Responda STOP para no recibir más."


def test_a_call_script_is_for_the_rep_and_has_no_way_out():
    done = finish_message("Points for the call:\n- x", channel=Channel.PHONE, language="en", sender="Ana")
    assert done == "Points for the call:\n- x"


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.PHONE, Channel.CHAT])
@settings(max_examples=25)
@given(
    language=st.sampled_from(["en", "es", "hi"]),
    name=st.none() | st.sampled_from(["Maria Lopez", "O'Neil", "Lee"]),
    passages=st.lists(st.sampled_from([EN, ES]), max_size=2, unique=True),
)
def test_every_template_passes_the_review(channel, language, name, passages):
    text = write_offline_draft(brief(channel, language=language, name=name), passages)
    found = check_draft(
        "\n".join(part for part in (text.subject, text.body) if part),
        evidence=[(marker, body) for marker, _, _, body in passages],
        allowed=(name or "",),
        language="es" if language == "es" else "en",
        limit=SMS_CHARS if channel == Channel.SMS else None,
    )
    assert found == ()
