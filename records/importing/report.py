"""What became of an import: the value that every caller shows. Counts nothing."""

from pydantic import Field

from domain.values import Value
from records.importing.quality import QualityReport, Remark
from records.importing.tables import TableName


class ImportReport(Value):
    """What became of a file. `read` = `landed` + `unchanged` + `repeated` + `rejected` + `skipped`."""

    table: TableName
    file: str
    read: int = Field(ge=0, description="Rows in the file.")
    landed: int = Field(ge=0, description="Rows that were new or changed something.")
    unchanged: int = Field(ge=0, description="Good rows that were there already.")
    repeated: int = Field(ge=0, description="Rows that say again what an earlier row said.")
    rejected: int = Field(ge=0, description="Rows that broke a rule.")
    skipped: int = Field(ge=0, description="Rows that the mapping's `only` leaves out.")
    rejects: tuple[Remark, ...] = Field(default=(), description="Broken rules, most frequent first.")
    rejects_file: str | None = None
    warnings: tuple[Remark, ...] = Field(default=(), description="What was changed in rows that landed.")
    quality: QualityReport

    @property
    def nothing_landed(self) -> bool:
        """Whether there were rows to land and each of them was rejected."""
        return self.rejected > 0 and self.landed + self.unchanged == 0
