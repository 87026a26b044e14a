// mysql2: an implementation in JavaScript, by its promises.
'use strict';
const fs = require('fs');
const mysql = require('mysql2/promise');
const facts = require('./facts');
const { login, seen, fact, errorOf } = facts;

const options = { ...login, charset: 'utf8mb4', supportBigNumbers: true, dateStrings: true };
const connect = more => mysql.createConnection({ ...options, ...more });

async function values(connection) {
  await connection.query(facts.table);
  const row = [facts.name, facts.biggest, facts.decimal, facts.day, facts.at, facts.everyByte];
  const insert = 'INSERT INTO things (name, big, amount, day, at, data) VALUES (?, ?, ?, ?, ?, ?)';
  fact('generated key', (await connection.execute(insert, row))[0].insertId, 1);
  fact('generated key of NULLs', (await connection.query(insert, Array(6).fill(null)))[0].insertId, 2);
  for (const how of ['query', 'execute']) {
    const [rows] = await connection[how]('SELECT name, big, amount, day, at, data FROM things WHERE id = ?', [1]);
    Object.keys(rows[0]).forEach((column, index) => fact(`${column} by ${how}`, rows[0][column], row[index]));
    const [nothing] = await connection[how]('SELECT name, big, data FROM things WHERE id = ?', [2]);
    fact(`NULLs by ${how}`, nothing, [{ name: null, big: null, data: null }]);
  }
  const batch = [...Array(50).keys()].map(i => [`batch ${i}`, i]);
  fact('batch', (await connection.query('INSERT INTO things (name, big) VALUES ?', [batch]))[0].affectedRows, 50);
}

async function transactions(connection, other) {
  const seenBy = async one => (await one.query('SELECT big FROM things WHERE id = 2'))[0][0].big;
  await connection.beginTransaction();
  await connection.execute('UPDATE things SET big = ? WHERE id = 2', [7]);
  fact('uncommitted, elsewhere', await seenBy(other), null);
  await connection.rollback();
  fact('rolled back', await seenBy(connection), null);
  await connection.beginTransaction();
  await connection.query('UPDATE things SET big = 8 WHERE id = 2');
  await connection.query('SAVEPOINT one');
  await connection.query('UPDATE things SET big = 9 WHERE id = 2');
  await connection.query('ROLLBACK TO SAVEPOINT one');
  await connection.commit();
  fact('committed, elsewhere', await seenBy(other), 8);
}

async function settings(one, two) {
  await one.query("SET time_zone = '+03:00', @mine = 'one'");
  seen('settings of one', (await one.query('SELECT @@time_zone, @mine, @@autocommit'))[0]);
  seen('settings of two', (await two.execute('SELECT @@time_zone, @mine, @@autocommit'))[0]);
  await one.reset();
  seen('after reset', (await one.query('SELECT @@time_zone, @@sql_mode, @mine, DATABASE() IS NULL AS none'))[0]);
  await two.query("SET @mine = 'two', sql_mode = 'ANSI_QUOTES'");
  await two.changeUser({ user: 'app', password: 'app', database: 'test', charset: 'utf8mb4' });
  seen('after changeUser', (await two.query('SELECT @@sql_mode, @mine, DATABASE() AS d'))[0]);
  await two.changeUser({ user: 'app', password: 'app', database: login.database });
}

async function results(one) {
  fact('several', (await one.query('SELECT 1 AS a; SELECT 2 AS b; SELECT 3 AS c'))[0], [[{ a: 1 }], [{ b: 2 }], [{ c: 3 }]]);
  await one.query('CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2 AS m; END');
  for (const how of ['query', 'execute']) {
    fact(`procedure by ${how}`, (await one[how]('CALL twice(?)', [21]))[0].slice(0, 2), [[{ n: 21 }], [{ m: 42 }]]);
  }
  let count = 0;
  for await (const _ of one.connection.query('SELECT a.id FROM things a JOIN things b').stream({ highWaterMark: 5 })) count++;
  fact('streamed', count, 52 * 52);
  const [, fields] = await one.query('SELECT id, name AS called FROM things WHERE id = 0');
  seen('columns', fields.map(field => [field.name, field.orgName, field.table, field.columnType, field.flags]));
  const [header] = await one.query('INSERT IGNORE INTO things (id, big) VALUES (1, 1)');
  fact('warnings', header.warningStatus, 1);
  fact('SHOW WARNINGS', (await one.query('SHOW WARNINGS'))[0].map(row => row.Code), [1062]);
}

async function errors(one) {
  const duplicate = await errorOf(one.execute('INSERT INTO things (id) VALUES (?)', [1]));
  seen('duplicate key', [duplicate.code, duplicate.errno, duplicate.sqlState, duplicate.sqlMessage]);
  fact("duplicate key's code", duplicate.code, 'ER_DUP_ENTRY');
  fact('unknown table', (await errorOf(one.query('SELECT * FROM missing'))).code, 'ER_NO_SUCH_TABLE');
  fact('prepared nonsense', (await errorOf(one.prepare('NONSENSE'))).code, 'ER_PARSE_ERROR');
  fact('after errors', (await one.query('SELECT 1 AS one'))[0], [{ one: 1 }]);
}

async function pool(two) {
  const statement = await two.prepare('SELECT ? + 1 AS next');
  fact('prepared once', (await statement.execute([41]))[0], [{ next: 42 }]);
  await statement.close();
  const some = mysql.createPool({ ...options, connectionLimit: 4 });
  // Twenty at a time over four connections, and each connection's later ones are sent when the one before is done.
  const answers = await Promise.all([...Array(100).keys()].map(i => some.execute('SELECT CAST(? AS SIGNED) AS i', [i])));
  fact('sum of many', answers.reduce((sum, [rows]) => sum + Number(rows[0].i), 0), 4950);
  await some.end();
}

facts.run(async () => {
  const one = await connect({ multipleStatements: true }), two = await connect();
  await values(one);
  await transactions(one, two);
  await settings(one, two);
  await results(one);
  await errors(one);
  await pool(two);

  const latin1 = await connect({ charset: 'latin1' });
  seen('latin1', (await latin1.query('SELECT HEX(?) AS hex, @@character_set_client AS client', ['ë']))[0]);
  fact('received in latin1', (await latin1.query('SELECT LEFT(name, 3) AS name FROM things WHERE id = 1'))[0], [{ name: 'Zoë' }]);

  const file = facts.fileToLoad('loaded 1\t1\nloaded 2\t2\n');
  const [loaded] = await one.query({
    sql: `LOAD DATA LOCAL INFILE '${file}' INTO TABLE things (name, big)`, infileStreamFactory: path => fs.createReadStream(path),
  });
  fact('LOAD DATA LOCAL', [loaded.affectedRows, loaded.warningStatus], [2, 0]);
  await one.ping();
  fact('timeout', (await errorOf(two.query({ sql: 'SELECT SLEEP(1)', timeout: 100 }))).code, 'PROTOCOL_SEQUENCE_TIMEOUT');
  two.destroy();
  const three = await connect();
  fact('connected again', (await three.query('SELECT COUNT(*) AS c FROM things'))[0], [{ c: 54 }]);
  await Promise.all([one.end(), three.end()]);
});
