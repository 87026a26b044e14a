<?php
// The dialogue of README.md with PHP's own implementation of the protocol, by mysqli and by PDO.
// usage: php dialogue.php PORT DATABASE
[, $port, $database] = $argv;
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function show(string $what, mixed $value): void { echo $what, ': ', json_encode($value, JSON_UNESCAPED_UNICODE), "\n"; }

function connect(): mysqli {
  global $port, $database;
  $connection = new mysqli('127.0.0.1', 'app', 'app', $database, (int)$port);
  $connection->set_charset('utf8mb4');
  return $connection;
}

$one = connect();
$one->query('DROP TABLE IF EXISTS spoken');
$one->query('CREATE TABLE spoken (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), amount DECIMAL(10,2),
             at DATETIME, data VARBINARY(50), n BIGINT) ENGINE=InnoDB CHARACTER SET utf8mb4');
$insert = $one->prepare('INSERT INTO spoken (name, amount, at, data, n) VALUES (?, ?, ?, ?, ?)');
foreach ([['Zoë 🎈', 1.25, '2024-02-29 12:34:56', "\0\xff'", 1 << 40], ['', -3, null, null, null]] as $row) {
  $insert->execute($row);
  show('inserted', $insert->insert_id);
}
$select = $one->prepare('SELECT id, name, amount, at, HEX(data), n FROM spoken WHERE id >= ? ORDER BY id');
$select->execute([1]);
show('prepared', $select->get_result()->fetch_all());
show('text', $one->query('SELECT * FROM spoken WHERE data IS NULL')->fetch_all());

$one->begin_transaction();
$one->query('UPDATE spoken SET n = 7');
show('changed', $one->affected_rows);
$one->rollback();
show('rolled back', $one->query('SELECT COUNT(*) FROM spoken WHERE n = 7')->fetch_row());
$one->autocommit(false);
$one->query('UPDATE spoken SET n = 8 WHERE id = 2');
$two = connect();
show('before commit', $two->query('SELECT n FROM spoken WHERE id = 2')->fetch_row());
$one->commit();
$one->autocommit(true);
show('after commit', $two->query('SELECT n FROM spoken WHERE id = 2')->fetch_row());

$one->query("SET time_zone = '+03:00', @mine = 'one'");
show('settings of one', $one->query('SELECT @@time_zone, @mine, @@autocommit')->fetch_row());
show('settings of two', $two->query('SELECT @@time_zone, @mine, @@autocommit')->fetch_row());

try {
  $one->query("INSERT INTO spoken (id) VALUES (1)");
} catch (mysqli_sql_exception $error) {
  show('error', [$error->getCode(), $error->getSqlState(), $error->getMessage()]);
}
$one->multi_query('SELECT 1; SELECT 2, 3; DO 0');
do {
  if ($result = $one->store_result()) show('one of several', $result->fetch_all());
} while ($one->more_results() && $one->next_result());

$again = [$one->prepare('SELECT ? + 1'), $two->prepare('SELECT ? + 2')];
$sum = 0;
for ($i = 0; $i < 100; $i++) {
  $again[$i % 2]->execute([$i]);
  $sum += $again[$i % 2]->get_result()->fetch_row()[0];
}
show('sum', $sum);
$two->change_user('app', 'app', $database);
show('after change_user', $two->query('SELECT @mine, DATABASE() IS NOT NULL')->fetch_row());

foreach ([true, false] as $emulated) {
  $pdo = new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4", 'app', 'app',
                 [PDO::ATTR_EMULATE_PREPARES => $emulated, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
  $statement = $pdo->prepare('SELECT id, name, n FROM spoken WHERE id = :id');
  $statement->execute(['id' => 1]);
  show('PDO', $statement->fetchAll(PDO::FETCH_NUM));
}
$one->query('DROP TABLE spoken');
