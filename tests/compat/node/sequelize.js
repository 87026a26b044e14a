// Sequelize: an object-relational mapper over mysql2.
'use strict';
const { DataTypes, Op, QueryTypes, Sequelize, Transaction, UniqueConstraintError, ForeignKeyConstraintError } = require('sequelize');
const facts = require('./facts');
const { login, seen, fact, errorOf } = facts;

facts.run(async () => {
  const db = new Sequelize(login.database, login.user, login.password, {
    host: login.host, port: login.port, dialect: 'mysql', logging: false, timezone: '+02:00', pool: { max: 3 },
    dialectOptions: { supportBigNumbers: true },
  });
  await db.authenticate();
  const Author = db.define('author', {
    name: { type: DataTypes.STRING, unique: true }, born: DataTypes.DATEONLY, fame: DataTypes.BIGINT.UNSIGNED,
    worth: DataTypes.DECIMAL(30, 10), face: DataTypes.BLOB, met: DataTypes.DATE(6), about: DataTypes.JSON,
  }, { timestamps: false });
  const Book = db.define('book', { title: DataTypes.STRING }, { timestamps: false });
  Author.hasMany(Book);
  Book.belongsTo(Author);
  await db.sync({ force: true });

  const author = await Author.create({
    name: facts.name, born: facts.day, fame: facts.biggest, worth: facts.decimal, face: facts.everyByte,
    met: new Date('2024-02-29T23:59:59.999Z'), about: { likes: ['🎈', null] },
  });
  fact('generated key', author.id, 1);
  await author.reload();
  fact('name', author.name, facts.name);
  fact('born', author.born, facts.day);
  fact('fame', author.fame, facts.biggest);
  fact('worth', author.worth, facts.decimal);
  fact('face', author.face, facts.everyByte);
  fact('met', author.met, new Date('2024-02-29T23:59:59.999Z'));
  seen('about', author.about);
  await Book.bulkCreate([...Array(30).keys()].map(i => ({ title: `book ${i}`, authorId: i % 3 ? 1 : null })));
  const found = await Author.findOne({ where: { name: { [Op.like]: 'Zo%' } }, include: [{ model: Book, where: { id: { [Op.lte]: 9 } } }] });
  fact('books', found.books.map(book => book.title).sort(), ['book 1', 'book 2', 'book 4', 'book 5', 'book 7', 'book 8']);
  const page = await Book.findAndCountAll({ where: { authorId: null }, limit: 2, offset: 3, order: [['id', 'DESC']] });
  fact('page', [page.count, page.rows.map(book => book.id)], [10, [19, 16]]);

  const failed = await errorOf(db.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async transaction => {
    await Author.create({ name: 'nobody' }, { transaction });
    throw new Error('no');
  }));
  fact('rolled back', [failed.message, await Author.count()], ['no', 1]);
  await db.transaction(async transaction => {
    await author.update({ name: 'somebody' }, { transaction });
    await errorOf(db.transaction({ transaction }, async nested => {
      await Author.destroy({ where: {}, transaction: nested });
      throw new Error('by a savepoint');
    }));
    fact('seen outside', (await Author.findByPk(1)).name, facts.name);
  });
  fact('committed', (await Author.findByPk(1)).name, 'somebody');
  const [upserted, created] = await Author.findOrCreate({ where: { name: 'another' }, defaults: { fame: 1 } });
  fact('findOrCreate', [upserted.name, created], ['another', true]);
  await Author.increment('fame', { by: 2, where: { name: 'another' } });
  fact('incremented', (await upserted.reload()).fame, 3);

  const duplicate = await errorOf(Author.create({ name: 'another' }));
  fact('duplicate key', [duplicate instanceof UniqueConstraintError, duplicate.parent.errno], [true, 1062]);
  const orphan = await errorOf(Book.create({ title: 'x', authorId: 99 }));
  fact('foreign key', [orphan instanceof ForeignKeyConstraintError, orphan.parent.errno], [true, 1452]);
  fact('bound', await db.query('SELECT $1 + 1 AS next', { bind: [41], type: QueryTypes.SELECT }), [{ next: 42 }]);
  const zones = await Promise.all([...Array(12).keys()].map(() => db.query('SELECT @@time_zone AS zone', { type: QueryTypes.SELECT })));
  fact('time zones of the pool', [...new Set(zones.map(rows => rows[0].zone))], ['+02:00']);
  seen('tables', (await db.getQueryInterface().showAllTables()).sort());
  seen('columns', Object.entries(await db.getQueryInterface().describeTable('authors')).map(([name, column]) => [name, column.type]));
  await db.close();
});
