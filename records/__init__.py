"""The system of record: tables, repositories, importers."""
