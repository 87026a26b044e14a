<?php
// PDO, with statements prepared by the server and with emulated ones, over PHP's own implementation of the protocol.
require __DIR__ . '/facts.php';

function connect(array $options = [], string $charset = 'utf8mb4'): PDO {
  global $port, $database;
  return new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=$charset", 'app', 'app',
                 $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]);
}

function value(PDO $connection, string $sql): mixed { return $connection->query($sql)->fetchColumn(); }

$two = connect();
$two->exec(TABLE);
$values = ['name' => NAME, 'big' => BIGGEST, 'amount' => DECIMAL, 'at' => MOMENT, 'data' => EVERY_BYTE];
foreach (['emulated' => true, 'prepared' => false] as $how => $emulated) {
  $one = connect([PDO::ATTR_EMULATE_PREPARES => $emulated, PDO::MYSQL_ATTR_LOCAL_INFILE => true]);
  $two->exec('TRUNCATE things');
  $insert = $one->prepare('INSERT INTO things (name, big, amount, at, data) VALUES (:name, :big, :amount, :at, :data)');
  foreach ($values as $column => $value) $insert->bindValue($column, $value, $column === 'data' ? PDO::PARAM_LOB : PDO::PARAM_STR);
  $insert->execute();
  fact("$how: generated key", $one->lastInsertId(), '1');
  $insert->execute(array_fill_keys(array_keys($values), null));
  fact("$how: generated key of NULLs", $one->lastInsertId(), '2');
  $select = $one->prepare('SELECT name, big, amount, at, data FROM things WHERE id = :id');
  $select->execute(['id' => 1]);
  fact("$how: row", $select->fetch(), $values);
  $select->execute(['id' => 2]);
  fact("$how: NULLs", $select->fetch(PDO::FETCH_NUM), [null, null, null, null, null]);
  fact("$how: integer", $one->query('SELECT id FROM things WHERE id = 2')->fetchColumn(), 2);

  $one->beginTransaction();
  $one->exec('UPDATE things SET big = 7 WHERE id = 2');
  fact("$how: inTransaction", $one->inTransaction(), true);
  fact("$how: uncommitted, elsewhere", value($two, 'SELECT big FROM things WHERE id = 2'), null);
  $one->rollBack();
  fact("$how: rolled back", value($one, 'SELECT big FROM things WHERE id = 2'), null);
  $one->beginTransaction();
  $one->exec('UPDATE things SET big = 8 WHERE id = 2');
  $one->exec('SAVEPOINT one');
  $one->exec('UPDATE things SET big = 9 WHERE id = 2');
  $one->exec('ROLLBACK TO SAVEPOINT one');
  $one->commit();
  fact("$how: committed, elsewhere", (int)value($two, 'SELECT big FROM things WHERE id = 2'), 8);
  // A statement that commits implicitly ends the transaction for PDO, too: it reads the status flags.
  $one->beginTransaction();
  $one->exec('CREATE TABLE IF NOT EXISTS other (n INT)');
  fact("$how: inTransaction after an implicit commit", $one->inTransaction(), false);
  $one->setAttribute(PDO::ATTR_AUTOCOMMIT, 0);
  fact("$how: autocommit", (int)value($one, 'SELECT @@autocommit'), 0);
  $one->setAttribute(PDO::ATTR_AUTOCOMMIT, 1);

  $one->exec("SET time_zone = '+03:00', @mine = 'one'");
  seen("$how: settings of one", $one->query('SELECT @@time_zone, @mine')->fetch());
  seen("$how: settings of two", $two->query('SELECT @@time_zone, @mine')->fetch());

  $duplicate = error_of(fn() => $one->prepare('INSERT INTO things (id) VALUES (?)')->execute([1]));
  seen("$how: duplicate key", [get_class($duplicate), $duplicate->errorInfo]);
  fact("$how: duplicate key's code", [$duplicate->getCode(), $duplicate->errorInfo[1]], ['23000', 1062]);
  fact("$how: syntax error", error_of(fn() => $one->query('NONSENSE'))->errorInfo[1], 1064);

  $one->exec('DROP PROCEDURE IF EXISTS twice');
  $one->exec('CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2 AS m; END');
  $call = $one->prepare('CALL twice(?)');
  $call->execute([21]);
  $results = [];
  do { $results[] = $call->fetchAll(PDO::FETCH_NUM); } while ($call->nextRowset());
  seen("$how: procedure", $results);
  fact("$how: procedure's results", array_map(fn($rows) => (int)($rows[0][0] ?? 0), array_slice($results, 0, 2)), [21, 42]);
  $call = null;

  $one->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
  $stream = $one->query('SELECT a.id FROM things a JOIN things b JOIN things c');
  fact("$how: first of a stream", is_array($stream->fetch()), true);
  fact("$how: another while it streams", error_of(fn() => $one->query('SELECT 1'))->errorInfo[1], 2014);
  fact("$how: the rest of the stream", count($stream->fetchAll()), 7);
  $stream->closeCursor();
  $one->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, true);
  $file = file_to_load("loaded 1\t1\nloaded 2\t2\n");
  fact("$how: LOAD DATA LOCAL", $one->exec("LOAD DATA LOCAL INFILE '$file' INTO TABLE things (name, big)"), 2);
  seen("$how: warnings", $one->query('SHOW WARNINGS')->fetchAll());
}

$several = $two->query('SELECT 1; SELECT 2, 3; DO 0');
$results = [];
do { if ($several->columnCount()) $results[] = $several->fetchAll(PDO::FETCH_NUM); } while ($several->nextRowset());
seen('several', $results);
seen('columns', array_map($two->query('SELECT id, name AS called, data FROM things WHERE id = 0')->getColumnMeta(...), [0, 1, 2]));
$latin1 = connect(charset: 'latin1');
$asked = $latin1->prepare('SELECT HEX(?), LEFT(name, 3) FROM things WHERE id = 1');
$asked->execute(["\xeb"]);
fact('latin1', $asked->fetch(PDO::FETCH_NUM), ['EB', "Zo\xeb"]);
$found = connect([PDO::MYSQL_ATTR_FOUND_ROWS => true]);
fact('rows found, not changed', $found->exec('UPDATE things SET name = name'), 4);
fact('rows changed', $two->exec('UPDATE things SET name = name'), 0);
seen('server information', explode(':', $two->getAttribute(PDO::ATTR_SERVER_INFO))[0]);

// A persistent connection is used again as the one before has left it, after a ping.
$first = connect([PDO::ATTR_PERSISTENT => true]);
$first->exec("SET @left = 'here'");
$first = null;
fact('persistent', value(connect([PDO::ATTR_PERSISTENT => true]), 'SELECT @left'), 'here');
exit($wrong ? 1 : 0);
