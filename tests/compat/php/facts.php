<?php
// What each script here does with a fact: prints it, for the comparison, and asserts it.
declare(strict_types=1);
[, $port, $database, $kind] = $argv;
$port = (int)$port;
$wrong = false;

const NAME = 'Zoë 🎈';
const BIGGEST = '18446744073709551615';
const DECIMAL = '12345678901234567890.0123456789';
const MOMENT = '2024-02-29 23:59:59.999999';
const TABLE = 'CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,
  amount DECIMAL(30, 10), at DATETIME(6), ratio DOUBLE, data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4';
define('EVERY_BYTE', implode('', array_map('chr', range(0, 255))));

function written(mixed $value): string {
  return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION);
}

function seen(string $name, mixed $value): void { echo $name, ': ', written($value), "\n"; }

function fact(string $name, mixed $value, mixed $expected): void {
  global $wrong;
  seen($name, $value);
  if ($value !== $expected) {
    fprintf(STDERR, "%s is %s, not %s\n", $name, written($value), written($expected));
    $wrong = true;
  }
}

function error_of(callable $action): Throwable {
  try { $action(); } catch (Exception $error) { return $error; }
  throw new Error('an error was to come');
}

function file_to_load(string $text): string {
  file_put_contents('rows.txt', $text);
  return realpath('rows.txt');
}
