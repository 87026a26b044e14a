#!/usr/bin/perl
# The dialogue of README.md with Perl's DBI over MariaDB's C library, with statements prepared by the server.
# usage: perl dialogue.pl PORT DATABASE
use strict;
use warnings;
use utf8;
use DBI;

binmode STDOUT, ':utf8';
my ($port, $database) = @ARGV;

sub show {
  my ($what, @values) = @_;
  print "$what: ", join(', ', map { defined $_ ? $_ : 'NULL' } @values), "\n";
}

sub connection {
  return DBI->connect("DBI:MariaDB:database=$database;host=127.0.0.1;port=$port", 'app', 'app',
                      { RaiseError => 1, PrintError => 0, AutoCommit => 1, mariadb_server_prepare => 1 });
}

my $one = connection();
$one->do('DROP TABLE IF EXISTS spoken');
$one->do('CREATE TABLE spoken (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), amount DECIMAL(10,2), n BIGINT)
          ENGINE=InnoDB CHARACTER SET utf8mb4');
my $insert = $one->prepare('INSERT INTO spoken (name, amount, n) VALUES (?, ?, ?)');
for my $row (['Zoë 🎈', 1.25, 1 << 40], ['', -3, undef]) {
  $insert->execute(@$row);
  show('inserted', $one->last_insert_id);
}
show('prepared', @$_) for @{ $one->selectall_arrayref('SELECT * FROM spoken WHERE id >= ? ORDER BY id', {}, 1) };

my $two = connection();
$one->begin_work;
$one->do('UPDATE spoken SET n = 7');
show('seen by another', $two->selectrow_array('SELECT COUNT(*) FROM spoken WHERE n = 7'));
$one->rollback;
show('rolled back', $one->selectrow_array('SELECT COUNT(*) FROM spoken WHERE n = 7'));
$one->{AutoCommit} = 0;
$one->do('UPDATE spoken SET n = ? WHERE id = ?', {}, 8, 2);
show('before commit', $two->selectrow_array('SELECT n FROM spoken WHERE id = 2'));
$one->commit;
$one->{AutoCommit} = 1;
show('after commit', $two->selectrow_array('SELECT n FROM spoken WHERE id = 2'));

$one->do("SET sql_mode = 'ANSI_QUOTES', \@mine = 'one'");
show('settings of one', $one->selectrow_array('SELECT @@sql_mode, @mine'));
show('settings of two', $two->selectrow_array('SELECT @@sql_mode = \'ANSI_QUOTES\', @mine'));

eval { $one->do('INSERT INTO spoken (id) VALUES (1)') };
show('error', $one->err, $one->state, $one->errstr);

my ($first, $second) = ($one->prepare('SELECT ? + 1'), $two->prepare('SELECT ? + 2'));
my $sum = 0;
for my $i (0 .. 99) {
  my $statement = $i % 2 ? $second : $first;
  $statement->execute($i);
  $sum += $statement->fetchrow_arrayref->[0];
  $statement->finish;
}
show('sum', $sum);
$one->do('DROP TABLE spoken');
$_->disconnect for $one, $two;
