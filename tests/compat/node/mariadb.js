// mariadb: MariaDB's connector for Node, which pipelines and sends batches.
'use strict';
const mariadb = require('mariadb');
const facts = require('./facts');
const { login, kind, seen, fact, errorOf } = facts;

// It takes the key that a MySQL server without TLS proves its identity with from the server.
const options = { ...login, dateStrings: true, decimalAsNumber: false, permitLocalInfile: true, allowPublicKeyRetrieval: true };
const connect = more => mariadb.createConnection({ ...options, ...more });

facts.run(async () => {
  const one = await connect({ multipleStatements: true }), two = await connect();
  await one.query(facts.table);
  const row = [facts.name, BigInt(facts.biggest), facts.decimal, facts.day, facts.at, facts.everyByte];
  const insert = 'INSERT INTO things (name, big, amount, day, at, data) VALUES (?, ?, ?, ?, ?, ?)';
  fact('generated key', (await one.execute(insert, row)).insertId, 1n);
  fact('generated key of NULLs', (await one.query(insert, Array(6).fill(null))).insertId, 2n);
  for (const how of ['query', 'execute']) {
    const [got] = await one[how]('SELECT name, big, amount, day, at, data FROM things WHERE id = ?', [1]);
    Object.keys(got).forEach((column, index) => fact(`${column} by ${how}`, got[column], row[index]));
    fact(`NULLs by ${how}`, await one[how]('SELECT name, data FROM things WHERE id = ?', [2]), [{ name: null, data: null }]);
  }
  const batch = [...Array(50).keys()].map(i => [`batch ${i}`, i]);
  const inserted = await one.batch('INSERT INTO things (name, big) VALUES (?, ?)', batch);
  seen('results of a batch', Array.isArray(inserted) ? inserted.length : inserted);
  fact('batch', await one.query('SELECT SUM(big) AS s FROM things WHERE id > 2'), [{ s: '1225' }]);

  const seenBy = async one => (await one.query('SELECT big FROM things WHERE id = 2'))[0].big;
  await one.beginTransaction();
  await one.execute('UPDATE things SET big = ? WHERE id = 2', [7]);
  fact('uncommitted, elsewhere', await seenBy(two), null);
  await one.rollback();
  fact('rolled back', await seenBy(one), null);
  await one.beginTransaction();
  await one.query('UPDATE things SET big = 8 WHERE id = 2');
  await one.query('SAVEPOINT one');
  await one.query('UPDATE things SET big = 9 WHERE id = 2');
  await one.query('ROLLBACK TO SAVEPOINT one');
  await one.commit();
  fact('committed, elsewhere', await seenBy(two), 8n);

  await one.query("SET time_zone = '+03:00', @mine = 'one'");
  seen('settings of one', await one.query('SELECT @@time_zone, @mine, @@autocommit'));
  seen('settings of two', await two.query('SELECT @@time_zone, @mine, @@autocommit'));
  await one.reset();
  seen('after reset', await one.query('SELECT @@time_zone, @mine, DATABASE() IS NULL AS none'));
  if (kind === 'mariadb') {  // Where the greeting is one of MySQL, it has no changeUser.
    await two.query("SET @mine = 'two', sql_mode = 'ANSI_QUOTES'");
    await two.changeUser({ user: 'app', password: 'app', database: login.database });
    seen('after changeUser', await two.query('SELECT @mine, @@sql_mode'));
  }

  const duplicate = await errorOf(one.execute('INSERT INTO things (id) VALUES (?)', [1]));
  seen('duplicate key', [duplicate.code, duplicate.errno, duplicate.sqlState, duplicate.sqlMessage, duplicate.fatal]);
  fact("duplicate key's code", duplicate.code, 'ER_DUP_ENTRY');
  fact('prepared nonsense', (await errorOf(one.prepare('NONSENSE'))).code, 'ER_PARSE_ERROR');
  fact('several', (await one.query('SELECT 1 AS a; SELECT 2 AS b; DO 0')).slice(0, 2), (kind === 'mariadb' ? [1, 2] : [1n, 2n]).map((n, i) => [{ [i ? 'b' : 'a']: n }]));
  await one.query('CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2 AS m; END');
  for (const how of ['query', 'execute']) {
    fact(`procedure by ${how}`, (await one[how]('CALL twice(?)', [21])).slice(0, 2), [[{ n: 21 }], [{ m: 42n }]]);
  }
  fact('warnings', (await one.query('INSERT IGNORE INTO things (id, big) VALUES (1, 1)')).warningStatus, 1);
  let count = 0;
  for await (const _ of one.queryStream('SELECT a.id FROM things a JOIN things b')) count++;
  fact('streamed', count, 52 * 52);
  const rows = await one.query('SELECT id, name AS called FROM things WHERE id = 0');
  seen('columns', rows.meta.map(column => [column.name(), column.orgName(), column.table(), column.type, column.flags]));

  // All are sent before the first reply is read.
  const answers = await Promise.all([...Array(100).keys()].map(i => (i % 2 ? one : two).query('SELECT ? AS i', [i])));
  fact('sum of many', answers.reduce((sum, rows) => sum + Number(rows[0].i), 0), 4950);
  const pool = mariadb.createPool({ ...options, connectionLimit: 2, resetAfterUse: true });
  // It resets only where the greeting is one of MariaDB.
  for (let i = 0; kind === 'mariadb' && i < 4; i++) {
    const pooled = await pool.getConnection();
    fact('of the pool', await pooled.query('SELECT @mine AS mine, @@time_zone AS zone'), [{ mine: null, zone: 'SYSTEM' }]);
    await pooled.query("SET @mine = 1, time_zone = '+05:00'");
    await pooled.release();
  }
  await pool.end();

  const file = facts.fileToLoad('loaded 1\t1\nloaded 2\t2\n');
  fact('LOAD DATA LOCAL', (await one.query(`LOAD DATA LOCAL INFILE '${file}' INTO TABLE things (name, big)`)).affectedRows, 2);
  await one.ping();
  fact('valid', one.isValid(), true);
  if (kind === 'mariadb') {
    // It puts SET STATEMENT max_statement_time in front, where the greeting is one of MariaDB.
    const late = await errorOf(two.query({ sql: 'SELECT SLEEP(1)', timeout: 100 }));
    seen('timeout', [late.code, late.errno]);
    fact('after the timeout', await two.query('SELECT 1 AS one'), [{ one: 1 }]);
  }
  await Promise.all([one.end(), two.end()]);
});
