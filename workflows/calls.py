"""How a client calls Temporal: bounded in time, with the errors of the domain. Knows no workflow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client, RPCError

from domain.errors import WorkflowsUnavailableError


@asynccontextmanager
async def bounded_call(client: Client, *, timeout_s: float) -> AsyncIterator[None]:
    """Bound what is called within the block.

    Args:
        client: Names the address in the error.
        timeout_s: Seconds that the block may take.

    Raises:
        WorkflowsUnavailableError: If the server does not answer, refuses, or is too slow.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except RPCError as error:
        raise _unavailable(client, error.status.name.lower()) from error
    except TimeoutError as error:
        raise _unavailable(client, f"no answer within {timeout_s:g} s") from error
    except RuntimeError as error:
        raise _unavailable(client, str(error)) from error


def _unavailable(client: Client, why: str) -> WorkflowsUnavailableError:
    address = client.service_client.config.target_host
    return WorkflowsUnavailableError(f"Temporal at {address!r}: {why}; check that the server runs at this address")
