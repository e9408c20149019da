"""Keeps model versions as folders named by their content. The only module of scoring that touches files."""

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from domain.errors import InvalidInputError, ModelNotFoundError
from domain.values import Market
from tools.scoring.card import ModelCard, to_markdown
from tools.scoring.context import MarketContext
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.model import TrainedModel

_MODEL, _CONTEXT, _CARD, _PAGE = "model.json", "context.json", "card.json", "card.md"
_CURRENT = "current"
_VERSION_DIGITS = 16
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class PublishedModel:
    """A model as it serves: with the context its features need and the card that describes it."""

    version: str
    model: TrainedModel
    context: MarketContext
    card: ModelCard


class FileModelRegistry:
    """Model versions under `root/<market>/<version>/`; `root/<market>/current` names the one that serves.

    A version is the hash of everything that decides its numbers. A folder is written aside and renamed, and the
    pointer replaced in one step: a reader sees a whole version or the one before.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[tuple[str, str], PublishedModel] = {}

    def publish(self, model: TrainedModel, context: MarketContext, card: ModelCard) -> ModelCard:
        """Store a version and make it current. Publishing the same model again changes nothing but the card.

        Args:
            model: The model.
            context: What its features need.
            card: Its card; the version in it is replaced by the content's.

        Returns:
            The card with its version.
        """
        texts = {
            _MODEL: json.dumps(_numbered(model), sort_keys=True),
            _CONTEXT: json.dumps(context.to_plain(), sort_keys=True),
        }
        version = _version_of(texts)
        card = card.model_copy(update={"version": version})
        texts |= {_CARD: card.model_dump_json(indent=2), _PAGE: to_markdown(card)}
        folder = self._folder(card.market)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / version).exists():
            self._write_aside(folder, version, texts)
        self.make_current(card.market, version)
        return card

    def make_current(self, market: Market, version: str) -> None:
        """Let a stored version serve, for instance an older one. Raises `ModelNotFoundError`."""
        folder = self._folder(market)
        if not self._is_stored(market, version):
            raise ModelNotFoundError(f"{market}/{version}")
        handle, name = tempfile.mkstemp(dir=folder, prefix=".current-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(version)
        Path(name).replace(folder / _CURRENT)

    def current(self, market: Market) -> PublishedModel | None:
        """Return the version that serves, or None when nothing was published."""
        pointer = self._folder(market) / _CURRENT
        return self.load(market, pointer.read_text("utf-8").strip()) if pointer.exists() else None

    def load(self, market: Market, version: str) -> PublishedModel:
        """Return a stored version, read once and then kept.

        Raises:
            ModelNotFoundError: If it is not stored.
            InvalidInputError: If its files are not those that were published, or belong to other features.
        """
        key = (market, version)
        if key not in self._loaded:
            self._loaded[key] = self._read(market, version)
        return self._loaded[key]

    def versions(self, market: Market) -> tuple[str, ...]:
        """Return all stored versions of a market, by name."""
        folder = self._folder(market)
        return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder.exists() else ()

    def _read(self, market: Market, version: str) -> PublishedModel:
        if not self._is_stored(market, version):
            raise ModelNotFoundError(f"{market}/{version}")
        folder = self._folder(market) / version
        texts = {name: (folder / name).read_text("utf-8") for name in (_MODEL, _CONTEXT)}
        if _version_of(texts) != version:
            raise InvalidInputError("model files", str(folder), "do not match their hash; restore them or train again")
        plain = json.loads(texts[_MODEL])
        if plain["features_version"] != FEATURES_VERSION:
            rule = f"was trained on other feature formulas than version {FEATURES_VERSION}; train again"
            raise InvalidInputError("features_version", plain["features_version"], rule)
        return PublishedModel(
            version=version,
            model=TrainedModel.from_plain(plain["model"]),
            context=MarketContext.from_plain(json.loads(texts[_CONTEXT])),
            card=ModelCard.model_validate_json((folder / _CARD).read_text("utf-8")),
        )

    def _write_aside(self, folder: Path, version: str, texts: dict[str, str]) -> None:
        aside = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
        try:
            for name, text in texts.items():
                (aside / name).write_text(text, "utf-8")
            aside.rename(folder / version)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            # Another process published the same content first: its folder serves as well as ours.
            if not (folder / version).exists():
                raise

    def _is_stored(self, market: Market, version: str) -> bool:
        return _SAFE.fullmatch(version) is not None and (self._folder(market) / version / _MODEL).exists()

    def _folder(self, market: Market) -> Path:
        if _SAFE.fullmatch(market):
            return self._root / market
        return self._root / f"market-{sha256(market.encode()).hexdigest()[:_VERSION_DIGITS]}"


def _numbered(model: TrainedModel) -> dict[str, object]:
    return {"features_version": FEATURES_VERSION, "model": model.to_plain()}


def _version_of(texts: dict[str, str]) -> str:
    content = b"\0".join(texts[name].encode() for name in (_MODEL, _CONTEXT))
    return sha256(content).hexdigest()[:_VERSION_DIGITS]
