// What each script here does with a fact: prints it, for the comparison, and asserts it.
'use strict';
const fs = require('fs');
const path = require('path');
const { isDeepStrictEqual } = require('util');

const [port, database, kind] = process.argv.slice(2);
const login = { host: '127.0.0.1', port: Number(port), user: 'app', password: 'app', database };
const wrong = [];

const written = value => JSON.stringify(value, (_, one) => typeof one === 'bigint' ? `${one}n` : one);

function seen(name, value) { console.log(`${name}: ${written(value)}`); }

function fact(name, value, expected) {
  seen(name, value);
  // Rows of a driver are no plain objects; what counts is what they hold.
  const plain = one => one === undefined ? one : JSON.parse(written(one));
  if (!isDeepStrictEqual(plain(value), plain(expected))) {
    wrong.push(`${name} is ${written(value)}, not ${written(expected)}`);
  }
}

async function errorOf(promise) {
  try { await promise; } catch (error) { return error; }
  throw new Error('an error was to come');
}

function fileToLoad(text) {
  const file = path.resolve('rows.txt');
  fs.writeFileSync(file, text);
  return file;
}

function run(main) {
  main().catch(error => wrong.push(error.stack)).then(() => {
    wrong.forEach(line => console.error(line));
    process.exit(wrong.length ? 1 : 0);
  });
}

module.exports = {
  login, database, kind, seen, fact, errorOf, fileToLoad, run,
  everyByte: Buffer.from([...Array(256).keys()]), biggest: '18446744073709551615', name: 'Zoë 🎈',
  table: `CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,
    amount DECIMAL(30, 10), day DATE, at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4`,
  decimal: '12345678901234567890.0123456789', day: '2024-02-29', at: '2024-02-29 23:59:59.999999',
};
