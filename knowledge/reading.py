"""Files to documents: Markdown, HTML, PDF, DOCX and plain text. Reads; decides nothing about passages or the index."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InvalidInputError
from domain.knowledge import Document
from domain.values import Market
from knowledge.front_matter import FrontMatter, parse_front_matter, take_front_matter

_TEXT = (".md", ".markdown", ".txt")
_CONVERTED = (".html", ".htm", ".pdf", ".docx")
SUFFIXES = _TEXT + _CONVERTED

_MAX_BYTES = 50_000_000
_MAX_ID = 200
_TITLE = re.compile(r"^#\s+(.+?)\s*#*$", re.MULTILINE)
_KINDS_BY_FOLDER = {
    "product": "product",
    "products": "product",
    "objection_guide": "objection_guide",
    "objections": "objection_guide",
    "playbook": "playbook",
    "playbooks": "playbook",
    "compliance": "compliance",
}


@dataclass(frozen=True)
class Source:
    """A file to read, and the name under which its document is known."""

    file: Path
    document_id: str


@dataclass(frozen=True)
class Reading:
    """What was read, and which documents it replaces.

    Attributes:
        documents: In order of their ids.
        replaced: Whether a document of this id is superseded: it was read, or its folder was and it is gone.
    """

    documents: tuple[Document, ...]
    replaced: Callable[[str], bool]


def read_documents(paths: Sequence[Path], market: Market) -> Reading:
    """Read files and whole folders.

    A folder stands for all documents under its name: those known from it before and gone now are superseded. A file
    stands for itself, under its folder's name. Files of other kinds in a folder, hidden ones and `<file>.yaml` beside
    a document (its front matter) are passed over.

    Args:
        paths: Files and folders; at least one document must be found.
        market: Given to every document.

    Raises:
        InvalidInputError: If a path does not exist, a file cannot be read as what its name says, or nothing is found.
    """
    sources: dict[str, Source] = {}
    folders: list[str] = []
    for path in (path.resolve() for path in paths):
        if path.is_dir():
            folders.append(f"{path.name}/")
        elif not path.is_file():
            raise InvalidInputError("path", str(path), "does not exist; give a file or a folder")
        for source in _sources(path):
            taken = sources.setdefault(source.document_id, source)
            if taken.file != source.file:
                rule = f"would be the document {source.document_id!r}, as {str(taken.file)!r} is; rename one folder"
                raise InvalidInputError("path", str(source.file), rule)
    if not sources:
        given = ", ".join(str(path) for path in paths)
        raise InvalidInputError("paths", given, f"hold no document; known kinds are {', '.join(SUFFIXES)}")
    documents = tuple(_read(source, market) for _, source in sorted(sources.items()))
    return Reading(documents, lambda id_: id_ in sources or id_.startswith(tuple(folders)))


def _sources(path: Path) -> Iterator[Source]:
    root = path if path.is_dir() else path.parent
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        relative = file.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_dir() and (hidden or not file.is_file() or file.suffix.lower() not in SUFFIXES):
            continue
        document_id = f"{root.name}/{relative.as_posix()}"
        if len(document_id) > _MAX_ID:
            raise InvalidInputError("path", document_id, f"is longer than {_MAX_ID} characters; shorten it")
        yield Source(file, document_id)


def _read(source: Source, market: Market) -> Document:
    name = str(source.file)
    suffix = source.file.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInputError("file", name, f"is of no known kind; known kinds are {', '.join(SUFFIXES)}")
    if source.file.stat().st_size > _MAX_BYTES:
        raise InvalidInputError("file", name, f"is larger than {_MAX_BYTES:,} bytes; split it")
    beside = source.file.with_name(f"{source.file.name}.yaml")
    if suffix in _TEXT:
        front, text = take_front_matter(_decoded(source.file), file=name)
        title = None
    else:
        front, (title, text) = FrontMatter(), _converted(source.file)
    if beside.is_file():
        front = parse_front_matter(_decoded(beside), file=str(beside))
    if not text.strip():
        rule = "holds no text; remove it" if suffix in _TEXT else "holds no text; if it is a scan, recognise its text"
        raise InvalidInputError("file", name, rule)
    heading = _TITLE.search(text)
    return Document(
        id=source.document_id,
        title=front.title or (heading[1] if heading else None) or title or source.file.stem,
        market=market,
        kind=front.kind or _KINDS_BY_FOLDER.get(source.file.parent.name, "other"),
        text=text,
        source=front.source or source.document_id,
        language=front.language,
        product_id=front.product_id,
        valid_from=front.valid_from,
        valid_until=front.valid_until,
    )


def _decoded(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError("file", str(file), "is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise InvalidInputError("file", str(file), f"cannot be read ({error.strerror})") from error


def _converted(file: Path) -> tuple[str | None, str]:
    """Return the title that the file states, if it does, and its text as Markdown."""
    # markitdown costs 1.5 seconds to import, and its front door loads a model that guesses file kinds.
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter, HtmlConverter, PdfConverter

    suffix = file.suffix.lower()
    converter = {".pdf": PdfConverter, ".docx": DocxConverter}.get(suffix, HtmlConverter)()
    try:
        with file.open("rb") as stream:
            result = converter.convert(stream, StreamInfo(extension=suffix, filename=file.name))
    except Exception as error:
        # Three parsers under one roof: there is no common class of what they raise on a broken file.
        rule = f"cannot be read as {suffix} ({error}); open it in its own program and save it again"
        raise InvalidInputError("file", str(file), rule) from error
    return result.title, result.markdown
