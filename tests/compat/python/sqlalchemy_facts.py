"""SQLAlchemy over PyMySQL: its own reflection, its pool and its unit of work."""

import datetime
import decimal

import sqlalchemy as sa
from sqlalchemy import orm

from facts import BIGGEST, DATABASE, EVERY_BYTE, NAME, PORT, end, error_of, fact, seen

engine = sa.create_engine(f"mysql+pymysql://app:app@127.0.0.1:{PORT}/{DATABASE}?charset=utf8mb4", pool_size=3,
                          pool_pre_ping=True, isolation_level="READ COMMITTED")


class Base(orm.DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(40), unique=True)
    fame: orm.Mapped[int | None] = orm.mapped_column(sa.dialects.mysql.BIGINT(unsigned=True))
    worth: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sa.Numeric(30, 10))
    born: orm.Mapped[datetime.date | None]
    met: orm.Mapped[datetime.datetime | None] = orm.mapped_column(sa.dialects.mysql.DATETIME(fsp=6))
    face: orm.Mapped[bytes | None] = orm.mapped_column(sa.LargeBinary)
    about: orm.Mapped[dict | None] = orm.mapped_column(sa.JSON)
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str] = orm.mapped_column(sa.String(40))
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("authors.id"))
    author: orm.Mapped[Author | None] = orm.relationship(back_populates="books")


Base.metadata.create_all(engine)
# The second time, reflection finds everything there.
Base.metadata.create_all(engine)
Session = orm.sessionmaker(engine)

row = {"name": NAME, "fame": BIGGEST, "worth": decimal.Decimal("12345678901234567890.0123456789"),
       "born": datetime.date(2024, 2, 29), "met": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999), "face": EVERY_BYTE,
       "about": {"likes": ["🎈", None]}}
with Session.begin() as session:
    author = Author(**row, books=[Book(title=f"book {i}") for i in range(5)])
    session.add(author)
    session.flush()
    fact("generated keys", [author.id, [book.id for book in author.books]], [1, [1, 2, 3, 4, 5]])
with Session() as session:
    author = session.scalars(sa.select(Author).options(orm.selectinload(Author.books))).one()
    for column, expected in row.items():
        fact(column, getattr(author, column), expected)
    fact("books", len(author.books), 5)
    session.execute(sa.insert(Book), [{"title": f"batch {i}"} for i in range(50)])
    session.commit()
    fact("batch", session.scalar(sa.select(sa.func.count()).select_from(Book)), 55)

with Session() as session:
    session.get(Author, 1).name = "somebody"
    session.flush()
    with Session() as other:
        fact("uncommitted, elsewhere", other.get(Author, 1).name, NAME)
    with session.begin_nested() as savepoint:
        session.execute(sa.update(Author).values(name="nobody"))
        savepoint.rollback()
    session.commit()
    fact("committed", session.get(Author, 1).name, "somebody")
    session.execute(sa.delete(Book))
    session.rollback()
    session.add(Author(name="somebody"))
    duplicate = error_of(session.commit, sa.exc.IntegrityError)
    seen("duplicate key", duplicate.orig.args)
    session.rollback()
    fact("after errors", session.scalar(sa.select(sa.func.count()).select_from(Book)), 55)
    upsert = sa.dialects.mysql.insert(Author).values(id=1, name="renamed")
    session.execute(upsert.on_duplicate_key_update(name=upsert.inserted.name))
    session.commit()
    fact("upserted", session.get(Author, 1).name, "renamed")
    fact("locked", session.scalars(sa.select(Author).with_for_update()).one().id, 1)
    session.rollback()

with engine.connect().execution_options(stream_results=True, max_row_buffer=10) as connection:
    one, two = sa.alias(Book.__table__), sa.alias(Book.__table__)
    fact("streamed", sum(1 for _ in connection.execute(sa.select(one.c.id, two.c.id).join(two, sa.true()))), 55 * 55)
with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
    seen("isolation", connection.get_isolation_level())
with engine.connect() as connection:
    seen("isolation of the pool", connection.get_isolation_level())
    connection.execute(sa.text("SET @mine = :mine"), {"mine": "one"})
    fact("user variable", connection.scalar(sa.text("SELECT @mine")), "one")
with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
    connection.execute(sa.update(Book).where(Book.id == 1).values(title="alone"))
with engine.connect() as connection:
    fact("autocommitted", connection.scalar(sa.select(Book.title).where(Book.id == 1)), "alone")

with engine.connect() as connection:
    connection.connection.dbapi_connection._sock.close()
with engine.connect() as connection:
    fact("behind a lost connection", connection.scalar(sa.text("SELECT 1")), 1)

found = sa.inspect(engine)
seen("tables", sorted(found.get_table_names()))
seen("columns", [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns("authors")])
seen("foreign keys", [(key["constrained_columns"], key["referred_table"]) for key in found.get_foreign_keys("books")])
seen("indexes", [(index["name"], index["unique"]) for index in found.get_indexes("authors")])

two_phase = engine.connect()
two_phase.begin_twophase()
two_phase.execute(sa.update(Book).where(Book.id == 2).values(title="in two phases"))
two_phase.get_transaction().prepare()
two_phase.get_transaction().commit()
two_phase.close()
with engine.connect() as connection:
    fact("in two phases", connection.scalar(sa.select(Book.title).where(Book.id == 2)), "in two phases")
Base.metadata.drop_all(engine)
end()
