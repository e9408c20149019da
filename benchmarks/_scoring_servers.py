"""The servers whose rates are compared, all with the same LightGBM model: ours, bare ASGI, FastAPI, and the peers.

MLflow, BentoML and MLServer are installed by name into environments of their own, outside the tree.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._served_model import OneModel, Served

MODEL = "model.txt"
SERVED = "served.pickle"
MARKET = "insurance_partners"
STATS = "/stats-for-the-benchmark"
_UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
_OURS = "benchmarks._scoring_servers"
_INSTALL_S = 900


@dataclass(frozen=True)
class Server:
    """A server and how to ask it.

    Attributes:
        name: For the table.
        command: Starts it on the port that is put for `{port}`.
        path: Where scores are asked for.
        body: Makes the body of one row of the matrix.
        answer: Reads the model's raw answer out of a response, for the check that all serve the same model.
        environment: Variables on top of our own.
        is_calibrated: Whether it answers our calibrated probability, or LightGBM's own.
    """

    name: str
    command: Sequence[str]
    path: str
    body: Callable[[Served, int], Any]
    answer: Callable[[Any], float | None]
    environment: dict[str, str] = field(default_factory=dict)
    is_calibrated: bool = False


# -- what runs in our own environment ---------------------------------------------------------------------------


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer anything with the same few bytes: the least that any ASGI server can do."""
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"score": 50}'})


def plain_fastapi() -> Any:
    """What a competent user writes in twenty lines: pydantic model, FastAPI route, LightGBM's fast call."""
    import lightgbm as lgb
    from fastapi import FastAPI
    from pydantic import create_model

    from tools.scoring.serving.fast_booster import FastBooster

    folder = Path(os.environ["SERVED"])  # noqa: TID251 - a benchmark's own process
    booster = FastBooster(lgb.Booster(model_file=str(folder / MODEL)))
    names = [f"f{i}" for i in range(booster.width)]
    fields: dict[str, Any] = dict.fromkeys(names, (float | None, None))
    lead_model: Any = create_model("LeadIn", **fields)
    app = FastAPI()

    async def score(lead: Any) -> dict[str, float]:
        row = [float("nan") if value is None else value for value in lead.__dict__.values()]
        return {"p": 1 / (1 + float(np.exp(-booster.raw_score(row))))}

    score.__annotations__["lead"] = lead_model
    app.post("/score")(score)
    return app


def ours() -> Any:
    """Leadline's API as it is, with a registry that serves the benchmark's model."""
    from api.app import create_app, keep_for_good
    from runtime.settings import Settings, load_settings
    from runtime.wiring import open_leadline
    from tools.scoring.registry import FileModelRegistry
    from tools.scoring.serving.shelf import ModelShelf

    settings = load_settings()
    served: Served = pickle.loads((settings.home / SERVED).read_bytes())  # noqa: S301 - written by this benchmark

    class Registry(FileModelRegistry):
        """A registry whose pointer is a file, as always, and whose model is the benchmark's."""

        def current(self, _market: Any) -> Any:
            return OneModel(served.model)

    @asynccontextmanager
    async def opened(settings: Settings) -> Any:
        async with open_leadline(settings) as house:
            registry = Registry(settings.home / "models")
            scorer = replace(house.tools.scorer, registry=registry, shelf=ModelShelf(registry))
            yield replace(house, tools=replace(house.tools, scorer=scorer))

    pointer = settings.home / "models" / MARKET / "current"
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.write_text("benchmark", "utf-8")
    app = create_app(settings, opener=opened, once_open=keep_for_good)

    @app.get(STATS)
    def stats() -> dict[str, dict[str, int]]:
        told: dict[str, dict[str, int]] = app.state.feature_scorer.get_scoring_stats()
        return told

    return app


def own_servers(folder: Path) -> list[Server]:
    """Return the servers that need nothing but our own environment."""

    def uvicorn(app: str, *more: str) -> list[str]:
        return [sys.executable, "-m", "uvicorn", f"{_OURS}:{app}", "--port", "{port}", *_UVICORN, *more]

    house = {
        "LEADLINE_HOME": str(folder), "LEADLINE_EMBEDDING": "none", "LEADLINE_LLM_API_KEY": "",
        "LEADLINE_LLM_BASE_URL": "", "LEADLINE_DATABASE_URL": "",
    }  # fmt: skip

    def features(served: Served, row: int, **more: Any) -> Any:
        return {"market": MARKET, "features": served.features(row), **more}

    def without_reasons(served: Served, row: int) -> Any:
        return features(served, row, reasons=False)

    def of_a_lead(served: Served, row: int) -> Any:
        return features(served, row, reasons=False, lead_id=f"lead-{row}")

    ours_bare = Server(
        name="ours, reasons off",
        command=uvicorn("ours", "--factory"),
        path="/v1/leads/score",
        body=without_reasons,
        answer=lambda told: float(told["p_convert"]),
        environment=house,
        is_calibrated=True,
    )
    fastapi = uvicorn("plain_fastapi", "--factory")
    return [
        Server("bare ASGI", uvicorn("hello"), "/", features, lambda _told: None),
        ours_bare,
        replace(ours_bare, name="ours, with reasons", body=features),
        replace(ours_bare, name="ours, decisions recorded", body=of_a_lead),
        Server("FastAPI + pydantic + C API", fastapi, "/score", _named_row, lambda told: float(told["p"]), {"SERVED": str(folder)}),
    ]  # fmt: skip


# -- the peers, each in an environment of its own ----------------------------------------------------------------

_MLFLOW_SAVE = """
import sys, lightgbm, mlflow, pandas as pd
booster = lightgbm.Booster(model_file=sys.argv[1])
example = pd.DataFrame([[0.5] * booster.num_feature()], columns=[f"f{i}" for i in range(booster.num_feature())])
signature = mlflow.models.infer_signature(example, booster.predict(example))
mlflow.lightgbm.save_model(booster, sys.argv[2], signature=signature)
"""

_BENTO_SERVICE = """
import bentoml, lightgbm
from pydantic import create_model
booster = lightgbm.Booster(model_file={model!r})
Lead = create_model("Lead", **{{f"f{{i}}": (float, ...) for i in range(booster.num_feature())}})

@bentoml.service(workers=1, logging={{"access": {{"enabled": False}}}})
class Scorer:
    @bentoml.api
    async def score(self, lead: Lead) -> float:
        return float(booster.predict([list(lead.__dict__.values())], num_threads=1)[0])
"""


@dataclass(frozen=True)
class Peer:
    """A peer from PyPI.

    Attributes:
        name: Of its environment.
        packages: Installed by name.
        server: Makes its server, given the environment's `bin` and a folder with the model.
    """

    name: str
    packages: tuple[str, ...]
    server: Callable[[Path, Path], Server]


def environments() -> Path:
    """Return the folder of the peers' environments: `LEADLINE_BENCH_CACHE`, else under the user's cache."""
    default = Path.home() / ".cache" / "leadline-bench"
    return Path(os.environ.get("LEADLINE_BENCH_CACHE", default))  # noqa: TID251 - a benchmark is its own entry point


def prepared(peer: Peer, folder: Path) -> Server | str:
    """Return a peer's server, installing the peer first if need be; else why it is left out."""
    home = environments() / peer.name
    marker, python = home / "installed.json", home / "bin" / "python"
    try:
        if not marker.exists():
            uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}") or "uv"
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            for command in (
                [uv, "venv", "--quiet", "--allow-existing", "--python", version, str(home)],
                [uv, "pip", "install", "--quiet", "--python", str(python), *peer.packages],
            ):
                _checked(command)
            marker.write_text(json.dumps(peer.packages), "utf-8")
        return peer.server(home / "bin", folder)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        return f"{peer.name} could not be installed: {said.strip().splitlines()[-1] if said.strip() else error}"


def _checked(command: Sequence[str], *, cwd: Path | None = None) -> None:
    subprocess.run(  # noqa: S603 - programs of the peers' own environments
        command, check=True, capture_output=True, text=True, timeout=_INSTALL_S, cwd=cwd
    )


def _named_row(served: Served, row: int) -> Any:
    return {f"f{i}": value for i, value in enumerate(served.matrix[row].tolist())}


def _mlflow(programs: Path, folder: Path) -> Server:
    saved = folder / "mlflow"
    script = folder / "save_mlflow.py"
    script.write_text(_MLFLOW_SAVE, "utf-8")
    shutil.rmtree(saved, ignore_errors=True)
    _checked([str(programs / "python"), str(script), str(folder / MODEL), str(saved)], cwd=folder)

    def body(served: Served, row: int) -> Any:
        named = _named_row(served, row)
        return {"dataframe_split": {"columns": list(named), "data": [list(named.values())]}}

    command = [
        str(programs / "mlflow"),
        "models",
        "serve",
        "-m",
        str(saved),
        "-p",
        "{port}",
        "--env-manager",
        "local",
        "-w",
        "1",
    ]
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true"}  # noqa: TID251 - handed on
    return Server(
        "MLflow serve", command, "/invocations", body, lambda told: float(told["predictions"][0]), environment
    )


def _bentoml(programs: Path, folder: Path) -> Server:
    (folder / "bento_service.py").write_text(_BENTO_SERVICE.format(model=str(folder / MODEL)), "utf-8")
    command = [
        str(programs / "bentoml"),
        "serve",
        "bento_service:Scorer",
        "--port",
        "{port}",
        "--working-dir",
        str(folder),
    ]
    environment = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
    return Server("BentoML", command, "/score", lambda s, i: {"lead": _named_row(s, i)}, float, environment)


def _mlserver(programs: Path, folder: Path) -> Server:
    home = folder / "mlserver"
    home.mkdir(exist_ok=True)
    shutil.copy(folder / MODEL, home / "model.bst")
    told = {"name": "lead", "implementation": "mlserver_lightgbm.LightGBMModel", "parameters": {"uri": "./model.bst"}}
    (home / "model-settings.json").write_text(json.dumps(told), "utf-8")
    (home / "settings.json").write_text(json.dumps({"debug": False, "parallel_workers": 0}), "utf-8")

    def body(served: Served, row: int) -> Any:
        data = served.matrix[row].tolist()
        return {"inputs": [{"name": "x", "shape": [1, len(data)], "datatype": "FP64", "data": data}]}

    environment = {
        "MLSERVER_HTTP_PORT": "{port}",
        "MLSERVER_GRPC_PORT": "{port+1}",
        "MLSERVER_METRICS_PORT": "{port+2}",
    }
    return Server("MLServer", [str(programs / "mlserver"), "start", str(home)], "/v2/models/lead/infer", body,
                  lambda told: float(told["outputs"][0]["data"][0]), environment)  # fmt: skip


PEERS = (
    Peer("mlserver", ("mlserver", "mlserver-lightgbm"), _mlserver),
    Peer("bentoml", ("bentoml", "lightgbm"), _bentoml),
    Peer("mlflow", ("mlflow", "lightgbm"), _mlflow),
)
