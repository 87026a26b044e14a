// mysql: the older implementation in JavaScript, by its callbacks. It sends what it is asked at once.
'use strict';
const mysql = require('mysql');
const facts = require('./facts');
const { login, seen, fact, errorOf } = facts;

const connect = more => mysql.createConnection({
  ...login, charset: 'utf8mb4', supportBigNumbers: true, dateStrings: true, ...more,
});
const query = (connection, sql, values) => new Promise((resolve, reject) =>
  connection.query(sql, values, (error, result) => error ? reject(error) : resolve(result)));
const call = (connection, method, ...values) => new Promise((resolve, reject) =>
  connection[method](...values, error => error ? reject(error) : resolve()));

facts.run(async () => {
  const one = connect({ multipleStatements: true }), two = connect();
  await query(one, facts.table);
  const row = [facts.name, facts.biggest, facts.decimal, facts.day, facts.at, facts.everyByte];
  fact('generated key', (await query(one, 'INSERT INTO things (name, big, amount, day, at, data) VALUES (?)', [row])).insertId, 1);
  fact('generated key of NULLs', (await query(one, 'INSERT INTO things SET ?', { name: null })).insertId, 2);
  const [got] = await query(one, 'SELECT name, big, amount, day, at, data FROM things WHERE id = 1');
  Object.keys(got).forEach((column, index) => fact(column, got[column], row[index]));
  fact('NULLs', await query(one, 'SELECT name, data FROM things WHERE id = 2'), [{ name: null, data: null }]);
  const batch = [...Array(50).keys()].map(i => [`batch ${i}`, i]);
  const inserted = await query(one, 'INSERT INTO things (name, big) VALUES ?', [batch]);
  fact('batch', [inserted.affectedRows, inserted.message.slice(1)], [50, 'Records: 50  Duplicates: 0  Warnings: 0']);

  const seenBy = async one => (await query(one, 'SELECT big FROM things WHERE id = 2'))[0].big;
  await call(one, 'beginTransaction');
  await query(one, 'UPDATE things SET big = 7 WHERE id = 2');
  fact('uncommitted, elsewhere', await seenBy(two), null);
  await call(one, 'rollback');
  fact('rolled back', await seenBy(one), null);
  await query(one, 'SET autocommit = 0');
  await query(one, 'UPDATE things SET big = 8 WHERE id = 2');
  await query(one, 'SAVEPOINT one');
  await query(one, 'UPDATE things SET big = 9 WHERE id = 2');
  await query(one, 'ROLLBACK TO SAVEPOINT one');
  await call(one, 'commit');
  fact('committed, elsewhere', await seenBy(two), 8);
  await query(one, 'SET autocommit = 1');

  await query(one, "SET time_zone = '+03:00', @mine = 'one'");
  seen('settings of one', await query(one, 'SELECT @@time_zone, @mine, @@autocommit'));
  seen('settings of two', await query(two, 'SELECT @@time_zone, @mine, @@autocommit'));
  await query(two, "SET @mine = 'two', sql_mode = 'ANSI_QUOTES'");
  await call(two, 'changeUser', { user: 'app', password: 'app', database: login.database, charset: 'LATIN1_SWEDISH_CI' });
  seen('after changeUser', await query(two, 'SELECT @mine, @@sql_mode, @@character_set_client, @@collation_connection'));

  const duplicate = await errorOf(query(one, 'INSERT INTO things (id) VALUES (1)'));
  fact('duplicate key', [duplicate.code, duplicate.errno, duplicate.sqlState, duplicate.sqlMessage],
    ['ER_DUP_ENTRY', 1062, '23000', "Duplicate entry '1' for key 'PRIMARY'"]);
  fact('several', (await query(one, 'SELECT 1 AS a; SELECT 2 AS b; DO 0')).slice(0, 2), [[{ a: 1 }], [{ b: 2 }]]);
  fact('error in the middle', (await errorOf(query(one, 'SELECT 1; NONSENSE; SELECT 2'))).code, 'ER_PARSE_ERROR');
  await query(one, 'CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2 AS m; END');
  fact('procedure', (await query(one, 'CALL twice(21)')).slice(0, 2), [[{ n: 21 }], [{ m: 42 }]]);
  fact('warnings', (await query(one, 'INSERT IGNORE INTO things (id, big) VALUES (1, 1)')).warningCount, 1);
  let count = 0;
  const rows = one.query('SELECT a.id FROM things a JOIN things b').stream({ highWaterMark: 5 });
  await new Promise((resolve, reject) => rows.on('data', () => count++).on('end', resolve).on('error', reject));
  fact('streamed', count, 52 * 52);

  const answers = await Promise.all([...Array(100).keys()].map(i => query(i % 2 ? one : two, 'SELECT ? AS i', [i])));
  fact('sum of many', answers.reduce((sum, rows) => sum + rows[0].i, 0), 4950);
  const file = facts.fileToLoad('loaded 1\t1\nloaded 2\t2\n');
  fact('LOAD DATA LOCAL', (await query(one, `LOAD DATA LOCAL INFILE '${file}' INTO TABLE things (name, big)`)).affectedRows, 2);
  await call(two, 'ping');
  seen('statistics', (await new Promise((resolve, reject) =>
    two.statistics((error, result) => error ? reject(error) : resolve(result)))).message.split(':')[0]);
  fact('timeout', (await errorOf(query(two, { sql: 'SELECT SLEEP(1)', timeout: 100 }))).code, 'PROTOCOL_SEQUENCE_TIMEOUT');
  await call(one, 'end');
});
