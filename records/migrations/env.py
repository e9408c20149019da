"""What Alembic runs: on the connection that `records.migrate` hands over, or on `-x url=...` from its command line.

Holds no migration.
"""

from alembic import context
from sqlalchemy import Connection, create_engine

from records.sqlite import BEGIN, WRITE, prepare_sqlite
from records.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def _run_on(address: str) -> None:
    engine = create_engine(address, execution_options={BEGIN: WRITE})
    if engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    with engine.begin() as connection:
        _run(connection)


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    _run_on(context.get_x_argument(as_dictionary=True)["url"])
else:
    _run(handed_over)
