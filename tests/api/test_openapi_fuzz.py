"""Whatever the OpenAPI document allows, and much that it does not, is answered without a 500."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from api.app import create_app
from runtime.settings import Settings

OPENAPI = create_app(Settings()).openapi()
SCHEMA = schemathesis.openapi.from_dict(OPENAPI)
_PASSED_ON = {"method", "url", "params", "headers", "json", "data"}
CASES = [
    pytest.param(path, method, mode, id=f"{method}-{path}-{mode.value}")
    for path, item in OPENAPI["paths"].items()
    for method, operation in item.items()
    for mode in GenerationMode
    # A request without any part cannot be wrong.
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & operation.keys()
]


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_no_request_is_answered_with_a_500(client: TestClient, path: str, method: str, mode: GenerationMode):
    operation = SCHEMA[path][method.upper()]

    @seed(7)
    @settings(
        max_examples=5,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver")
        asked = {"content" if key == "data" else key: sent[key] for key in _PASSED_ON & sent.keys()}
        answer = client.request(**asked)
        assert answer.status_code < 500, (asked, answer.text)

    ask()
