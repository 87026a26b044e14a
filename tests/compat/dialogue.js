// The dialogue of README.md with the driver "mysql" of Node, which implements the protocol in JavaScript.
// usage: node dialogue.js PORT DATABASE
'use strict';
const mysql = require('mysql');
const [port, database] = process.argv.slice(2);

const show = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`);
const connect = () => mysql.createConnection({
  host: '127.0.0.1', port: Number(port), user: 'app', password: 'app', database, charset: 'utf8mb4',
  multipleStatements: true, dateStrings: true,
});
const query = (connection, sql, values) => new Promise((resolve, reject) =>
  connection.query(sql, values, (error, result) => error ? reject(error) : resolve(result)));
const call = (connection, method, ...values) => new Promise((resolve, reject) =>
  connection[method](...values, error => error ? reject(error) : resolve()));

async function dialogue() {
  const one = connect(), two = connect();
  await query(one, 'DROP TABLE IF EXISTS spoken');
  await query(one, `CREATE TABLE spoken (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), at DATETIME,
                    data VARBINARY(50), n BIGINT) ENGINE=InnoDB CHARACTER SET utf8mb4`);
  for (const row of [['Zoë 🎈', '2024-02-29 12:34:56', Buffer.from([0, 255, 39]), 2 ** 40], ['', null, null, null]]) {
    show('inserted', (await query(one, 'INSERT INTO spoken (name, at, data, n) VALUES (?)', [row])).insertId);
  }
  show('rows', await query(one, 'SELECT * FROM spoken ORDER BY id'));

  await call(one, 'beginTransaction');
  await query(one, 'UPDATE spoken SET n = 7');
  show('seen by another', await query(two, 'SELECT COUNT(*) AS c FROM spoken WHERE n = 7'));
  await call(one, 'rollback');
  show('rolled back', await query(one, 'SELECT COUNT(*) AS c FROM spoken WHERE n = 7'));
  await query(one, 'SET autocommit = 0');
  await query(one, 'UPDATE spoken SET n = 8 WHERE id = 2');
  show('before commit', await query(two, 'SELECT n FROM spoken WHERE id = 2'));
  await call(one, 'commit');
  show('after commit', await query(two, 'SELECT n FROM spoken WHERE id = 2'));

  await query(one, "SET time_zone = '+03:00', @mine = 'one'");
  show('settings of one', await query(one, 'SELECT @@time_zone, @mine, @@autocommit'));
  show('settings of two', await query(two, 'SELECT @@time_zone, @mine, @@autocommit'));
  await query(one, 'INSERT INTO spoken (id) VALUES (1)').catch(error =>
    show('error', [error.errno, error.sqlState, error.sqlMessage]));
  show('several', (await query(one, 'SELECT 1; SELECT 2 AS b; DO 0')).slice(0, 2));

  // All of these are sent before the first reply is read by the one who asked.
  const answers = await Promise.all([...Array(100).keys()].map(i => query(i % 2 ? one : two, 'SELECT ? AS i', [i])));
  show('sum', answers.reduce((sum, rows) => sum + rows[0].i, 0));
  await call(two, 'changeUser', { user: 'app', password: 'app', database });
  show('after changeUser', await query(two, 'SELECT @mine, @@autocommit'));
  await call(two, 'ping');
  await query(one, 'DROP TABLE spoken');
  await Promise.all([call(one, 'end'), call(two, 'end')]);
}

dialogue().catch(error => { console.log('failed:', error); process.exit(1); });
