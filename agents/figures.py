"""Figures in words: each number is rendered here once, so evidence and reply agree to the digit. Pure: no locale."""

from datetime import datetime


def say_percent(p: float) -> str:
    """Say a probability in percent, and never as 0 % or 100 %, which a reader takes for certainty.

    Args:
        p: A probability in [0, 1].

    Example:
        >>> say_percent(0.62), say_percent(0.043), say_percent(0.0002)
        ('62 %', '4.3 %', 'below 0.1 %')
    """
    percent = 100 * p
    if percent < 0.1:  # noqa: PLR2004 - the resolution of one decimal
        return "below 0.1 %"
    if percent > 99.9:  # noqa: PLR2004 - the same from above
        return "above 99.9 %"
    fine = percent < 9.95 or percent >= 99.5  # noqa: PLR2004 - where a whole percent says too little
    return f"{percent:.1f} %" if fine else f"{percent:.0f} %"


def say_points(points: float) -> str:
    """Say signed points of the 0 to 100 scale: `+12`, `-4`, `+0.3`."""
    return f"{points:+.0f}" if abs(points) >= 1 else f"{points:+.1f}"


def say_money(amount: float, currency: str) -> str:
    """Say an amount without a false promise of precision: cents only below 100."""
    return f"{currency} {amount:,.0f}" if abs(amount) >= 100 else f"{currency} {amount:,.2f}"  # noqa: PLR2004 - as said


def say_moment(at: datetime) -> str:
    """Say a moment: `24 Nov 2026, 14:30 UTC`."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def say_list(words: list[str]) -> str:
    """Join words as a person does: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
