"""Keeps model versions as folders named by their content. The only module of scoring that writes files."""

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from domain.errors import InvalidInputError, ModelNotFoundError
from domain.values import Market
from tools.scoring.card import ModelCard, to_markdown
from tools.scoring.context import MarketContext
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.model import TrainedModel
from tools.scoring.reporting.page import to_html

_MODEL, _CONTEXT, _WORTH, _REFERENCE = "model.json", "context.json", "worth.json", "reference.json"
_CARD, _TEXT, _PAGE = "card.json", "card.md", "card.html"
_DECIDING = (_MODEL, _CONTEXT, _WORTH)
"""The parts that decide numbers, in the order in which they are hashed. Worth may be absent."""

_CURRENT, _SERVED = "current", "served"
_VERSION_DIGITS = 16
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class PublishedModel:
    """A model as it serves: with the context its features need and the card that describes it.

    Attributes:
        version: Hash of everything that decides its numbers.
        model: The model.
        context: What its features need.
        card: What a reader needs to trust it, or not to.
        worth: JSON-plain parts of what deals are worth, as they were given; None where nothing is known of it.
        reference: JSON-plain counts of the training that drift is measured against; None in older versions.
    """

    version: str
    model: TrainedModel
    context: MarketContext
    card: ModelCard
    worth: dict[str, Any] | None = None
    reference: dict[str, Any] | None = None

    @property
    def trained_at(self) -> datetime:
        """When it was trained."""
        return self.card.trained_at


class FileModelRegistry:
    """Model versions under `root/<market>/<version>/`; `root/<market>/current` names the one that serves.

    `root/<market>/served` lists which versions have served, the newest last, so that the one before can be brought
    back. A version is the hash of everything that decides its numbers. A folder is written aside and renamed, and the
    pointer replaced in one step: a reader sees a whole version or the one before.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[tuple[str, str], PublishedModel] = {}
        self._pointers: dict[str, str] = {}

    def publish(
        self,
        model: TrainedModel,
        context: MarketContext,
        card: ModelCard,
        *,
        worth: dict[str, Any] | None = None,
        reference: dict[str, Any] | None = None,
        serve: bool = True,
    ) -> ModelCard:
        """Store a version and let it serve. What is stored of the same content already stays as it is.

        Args:
            model: The model.
            context: What its features need.
            card: Its card; the version in it is replaced by the content's.
            worth: JSON-plain parts of what deals are worth.
            reference: JSON-plain counts of the training, for drift.
            serve: Whether it becomes the version that serves; else it is only kept.

        Returns:
            The card with its version.
        """
        texts = {
            _MODEL: json.dumps(_numbered(model), sort_keys=True),
            _CONTEXT: json.dumps(context.to_plain(), sort_keys=True),
        }
        if worth is not None:
            texts[_WORTH] = json.dumps(worth, sort_keys=True)
        version = _version_of(texts)
        card = card.model_copy(update={"version": version})
        if reference is not None:
            texts[_REFERENCE] = json.dumps(reference, sort_keys=True)
        texts |= {_CARD: card.model_dump_json(indent=2), _TEXT: to_markdown(card), _PAGE: to_html(card)}
        folder = self._folder(card.market)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / version).exists():
            self._write_aside(folder, version, texts)
        if serve:
            self.make_current(card.market, version)
        return card

    def make_current(self, market: Market, version: str) -> None:
        """Let a stored version serve, for instance an older one. Raises `ModelNotFoundError`."""
        if not self._is_stored(market, version):
            raise ModelNotFoundError(f"{market}/{version}")
        folder = self._folder(market)
        served = self._served(market)
        # The list first: a version that is listed and never served does no harm, one that served unlisted is lost.
        if served[-1:] != [version]:
            _replace(folder / _SERVED, "".join(f"{line}\n" for line in [*served, version]))
        _replace(folder / _CURRENT, version)

    def previous(self, market: Market) -> str | None:
        """Return the version that served before the present one and is still stored, or None."""
        present = self._current_version(market)
        served = [version for version in self._served(market) if self._is_stored(market, version)]
        while served and served[-1] != present:
            served.pop()
        return next((version for version in reversed(served) if version != present), None)

    def current(self, market: Market) -> PublishedModel | None:
        """Return the version that serves, or None when nothing was published."""
        version = self._current_version(market)
        return None if version is None else self.load(market, version)

    def page(self, market: Market, version: str | None = None) -> str:
        """Return a version's card as a page for the browser, of the serving version when None is named.

        Raises:
            ModelNotFoundError: If it is not stored, or nothing serves.
        """
        version = version or self._current_version(market) or "none serving"
        if not self._is_stored(market, version):
            raise ModelNotFoundError(f"{market}/{version}")
        stored = self._folder(market) / version / _PAGE
        # Versions from before there were pages get theirs from the card.
        return stored.read_text("utf-8") if stored.exists() else to_html(self._card(market, version))

    def mark(self, market: Market) -> tuple[int, int] | None:
        """Return something that differs whenever another version was made current; costs microseconds."""
        pointer = self._pointers.get(market)
        if pointer is None:
            pointer = self._pointers[market] = str(self._folder(market) / _CURRENT)
        try:
            # The pointer is replaced by a new file, never written again.
            found = os.stat(pointer)  # noqa: PTH116 - `Path.stat` takes three times as long
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

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
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        return tuple(name for name in names if self._is_stored(market, name))

    def _read(self, market: Market, version: str) -> PublishedModel:
        if not self._is_stored(market, version):
            raise ModelNotFoundError(f"{market}/{version}")
        folder = self._folder(market) / version
        texts = {name: (folder / name).read_text("utf-8") for name in _DECIDING if (folder / name).exists()}
        if _CONTEXT not in texts or _version_of(texts) != version:
            raise InvalidInputError("model files", str(folder), "do not match their hash; restore them or train again")
        plain = json.loads(texts[_MODEL])
        if plain["features_version"] != FEATURES_VERSION:
            rule = f"was trained on other feature formulas than version {FEATURES_VERSION}; train again"
            raise InvalidInputError("features_version", plain["features_version"], rule)
        reference = folder / _REFERENCE
        return PublishedModel(
            version=version,
            model=TrainedModel.from_plain(plain["model"]),
            context=MarketContext.from_plain(json.loads(texts[_CONTEXT])),
            card=self._card(market, version),
            worth=json.loads(texts[_WORTH]) if _WORTH in texts else None,
            reference=json.loads(reference.read_text("utf-8")) if reference.exists() else None,
        )

    def _card(self, market: Market, version: str) -> ModelCard:
        return ModelCard.model_validate_json((self._folder(market) / version / _CARD).read_text("utf-8"))

    def _current_version(self, market: Market) -> str | None:
        pointer = self._folder(market) / _CURRENT
        return pointer.read_text("utf-8").strip() if pointer.exists() else None

    def _served(self, market: Market) -> list[str]:
        """Return the versions that have served, the newest last; from before there was a list, the present one."""
        served = self._folder(market) / _SERVED
        if served.exists():
            return served.read_text("utf-8").split()
        present = self._current_version(market)
        return [] if present is None else [present]

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
    content = b"\0".join(texts[name].encode() for name in _DECIDING if name in texts)
    return sha256(content).hexdigest()[:_VERSION_DIGITS]


def _replace(path: Path, text: str) -> None:
    """Write a small file in one step: a reader sees the old text or the new."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
