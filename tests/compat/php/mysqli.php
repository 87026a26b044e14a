<?php
// mysqli, over PHP's own implementation of the protocol.
require __DIR__ . '/facts.php';
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function connect(string $charset = 'utf8mb4', array $options = []): mysqli {
  global $port, $database;
  $connection = mysqli_init();
  foreach ($options as $option => $value) $connection->options($option, $value);
  $connection->real_connect('127.0.0.1', 'app', 'app', $database, $port);
  $connection->set_charset($charset);
  return $connection;
}

$one = connect(options: [MYSQLI_OPT_LOCAL_INFILE => 1]);
$two = connect();
$one->query(TABLE);
$insert = $one->prepare('INSERT INTO things (name, big, amount, at, ratio, data) VALUES (?, ?, ?, ?, ?, ?)');
$none = null;
$name = NAME; $big = BIGGEST; $amount = DECIMAL; $at = MOMENT; $ratio = 0.1;
$insert->bind_param('ssssdb', $name, $big, $amount, $at, $ratio, $none);
$insert->send_long_data(5, substr(EVERY_BYTE, 0, 100));
$insert->send_long_data(5, substr(EVERY_BYTE, 100));
$insert->execute();
fact('generated key', $insert->insert_id, 1);
$insert->execute([null, null, null, null, null, null]);
fact('generated key of NULLs', $one->insert_id, 2);
$values = ['name' => NAME, 'big' => BIGGEST, 'amount' => DECIMAL, 'at' => MOMENT, 'ratio' => 0.1, 'data' => EVERY_BYTE];
$select = $one->prepare('SELECT name, big, amount, at, ratio, data FROM things WHERE id = ?');
$select->execute([1]);
fact('prepared', $select->get_result()->fetch_assoc(), $values);
$select->execute([2]);
fact('prepared NULLs', $select->get_result()->fetch_row(), [null, null, null, null, null, null]);
$text = $one->query('SELECT name, big, amount, at, ratio, data FROM things WHERE id = 1')->fetch_assoc();
fact('text', $text, array_replace($values, ['ratio' => '0.1']));
fact('sum', $one->execute_query('SELECT CAST(? AS SIGNED) + 1 AS s', [41])->fetch_column(), 42);
$batch = $one->prepare('INSERT INTO things (name, big) VALUES (?, ?)');
for ($i = 0; $i < 50; $i++) $batch->execute(["batch $i", $i]);
fact('batch', $one->query('SELECT SUM(big) FROM things WHERE id > 2')->fetch_column(), '1225');

$one->begin_transaction();
$one->query('UPDATE things SET big = 7 WHERE id = 2');
fact('changed', $one->affected_rows, 1);
fact('uncommitted, elsewhere', $two->query('SELECT big FROM things WHERE id = 2')->fetch_row(), [null]);
$one->rollback();
$one->autocommit(false);
$one->query('UPDATE things SET big = 8 WHERE id = 2');
$one->savepoint('one');
$one->query('UPDATE things SET big = 9 WHERE id = 2');
$one->query('ROLLBACK TO SAVEPOINT one');
$one->release_savepoint('one');
$one->commit();
$one->autocommit(true);
fact('committed, elsewhere', $two->query('SELECT big FROM things WHERE id = 2')->fetch_row(), ['8']);
$one->begin_transaction(MYSQLI_TRANS_START_READ_ONLY);
fact('read only', error_of(fn() => $one->query('DELETE FROM things'))->getCode(), 1792);
$one->rollback();

$one->query("SET time_zone = '+03:00', @mine = 'one'");
seen('settings of one', $one->query('SELECT @@time_zone, @mine, @@autocommit')->fetch_row());
seen('settings of two', $two->query('SELECT @@time_zone, @mine, @@autocommit')->fetch_row());
$one->change_user('app', 'app', $database);
seen('after change_user', $one->query('SELECT @@time_zone, @mine, @@character_set_client')->fetch_row());
$one->set_charset('utf8mb4');
$one->select_db('test');
fact('select_db', $one->query('SELECT DATABASE()')->fetch_row(), ['test']);
$one->select_db($database);

$duplicate = error_of(fn() => $one->query('INSERT INTO things (id) VALUES (1)'));
seen('duplicate key', [get_class($duplicate), $duplicate->getCode(), $duplicate->getSqlState(), $duplicate->getMessage()]);
fact("duplicate key's code", $duplicate->getCode(), 1062);
fact('prepared nonsense', error_of(fn() => $one->prepare('NONSENSE'))->getCode(), 1064);

$one->multi_query('SELECT 1; SELECT 2, 3; DO 0; NONSENSE; SELECT 4');
$results = [];
$error = error_of(function () use ($one, &$results) {
  do {
    if ($result = $one->store_result()) $results[] = $result->fetch_all();
  } while ($one->next_result());
});
fact('several', [$results, $error->getCode()], [[[['1']], [['2', '3']]], 1064]);
$one->query('CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END');
$call = $one->prepare('CALL twice(?)');
$call->execute([21]);
$results = [];
do {
  if ($result = $call->get_result()) $results[] = $result->fetch_row();
} while ($call->more_results() && $call->next_result());
fact('procedure', $results, [[21], [42]]);
$call->close();

$one->real_query('SELECT a.id FROM things a JOIN things b');
$count = 0;
foreach ($one->use_result() as $row) $count++;
fact('streamed', $count, 52 * 52);
$cursor = $one->prepare('SELECT id FROM things ORDER BY id');
$cursor->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
$cursor->execute();
$cursor->bind_result($id);
$sum = 0;
while ($cursor->fetch()) $sum += $id;
fact('by a cursor', $sum, 52 * 53 / 2);
$cursor->close();

$one->query('INSERT IGNORE INTO things (id) VALUES (1), (2)');
fact('warnings', [$one->warning_count, $one->info], [2, 'Records: 2  Duplicates: 2  Warnings: 2']);
$warning = $one->get_warnings();
fact('get_warnings', [$warning->errno, $warning->sqlstate], [1062, 'HY000']);
$fields = $one->query('SELECT id, name AS called, data FROM things WHERE id = 0')->fetch_fields();
foreach ($fields as $field) {
  seen('column', [$field->name, $field->orgname, $field->table, $field->charsetnr, $field->length, $field->type, $field->flags]);
}

$again = [$one->prepare('SELECT ? + 1'), $two->prepare('SELECT ? + 2')];
$sum = 0;
for ($i = 0; $i < 100; $i++) {
  $again[$i % 2]->execute([$i]);
  $sum += $again[$i % 2]->get_result()->fetch_row()[0];
}
fact('sum of many', (int)$sum, 4950 + 150);
$one->query('SELECT SLEEP(0.1), 1', MYSQLI_ASYNC);
$two->query('SELECT SLEEP(0.1), 2', MYSQLI_ASYNC);
$answers = [];
while (count($answers) < 2) {
  $read = array_diff_key([$one, $two], $answers);
  $failed = $rejected = $read;
  mysqli::poll($read, $failed, $rejected, 5);
  foreach ($read as $ready) $answers[$ready === $one ? 0 : 1] = $ready->reap_async_query()->fetch_row()[1];
}
ksort($answers);
fact('asynchronous', $answers, ['1', '2']);

$latin1 = connect('latin1');
fact('latin1', $latin1->execute_query('SELECT HEX(?), LEFT(name, 3) FROM things WHERE id = 1', ["\xeb"])->fetch_row(), ['EB', "Zo\xeb"]);
fact('character_set_name', $latin1->character_set_name(), 'latin1');
$file = file_to_load("loaded 1\t1\nloaded 2\t2\n");
$one->query("LOAD DATA LOCAL INFILE '$file' INTO TABLE things (name, big)");
fact('LOAD DATA LOCAL', [$one->affected_rows, $one->info], [2, 'Records: 2  Deleted: 0  Skipped: 0  Warnings: 0']);
fact('stat', str_starts_with($one->stat(), 'Uptime: '), true);
$slow = connect(options: [MYSQLI_OPT_READ_TIMEOUT => 1]);
fact('read timeout', @error_of(fn() => $slow->query('SELECT SLEEP(2)'))->getCode(), 2006);
try {
  $two->kill($latin1->thread_id);
  seen('kill', 'done');
} catch (mysqli_sql_exception $error) {
  seen('kill', $error->getCode());
}
exit($wrong ? 1 : 0);
