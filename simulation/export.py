"""Writes a floor's frames to CSV files. Never writes the truth."""

from pathlib import Path

from simulation.floor import SalesFloor


def write_csv(floor: SalesFloor, folder: Path) -> dict[str, Path]:
    """Write one file per table: leads, reps, products, interactions, outcomes, consents, assignments and nudges.

    Args:
        floor: The floor.
        folder: Where; made if absent. Files of the same names are replaced.

    Returns:
        The files by table name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.csv" for name in floor.tables()}
    for name, frame in floor.tables().items():
        frame.write_csv(files[name], datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return files
