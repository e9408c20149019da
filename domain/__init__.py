"""Words of the business: types, ports and errors. Imports the standard library and pydantic only."""
