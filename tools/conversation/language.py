"""Which language a text is in. Pure after the first call, which loads the detector."""

from functools import cache

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

UNDETERMINED = "und"
_MIN_CONFIDENCE = 0.5
_MIN_LETTERS = 4


@cache
def _detector() -> LanguageDetector:
    return LanguageDetectorBuilder.from_languages(
        Language.ENGLISH,
        Language.SPANISH,
        Language.FRENCH,
        Language.GERMAN,
        Language.PORTUGUESE,
        Language.ITALIAN,
        Language.HINDI,
    ).build()


def detect_language(text: str) -> str:
    """Name the language of a text.

    Returns:
        ISO 639-1 code, or `und` when the text is too short or the best guess has a probability below one half.
    """
    if sum(character.isalpha() for character in text) < _MIN_LETTERS:
        return UNDETERMINED
    best = _detector().compute_language_confidence_values(text)[0]
    return best.language.iso_code_639_1.name.lower() if best.value >= _MIN_CONFIDENCE else UNDETERMINED
