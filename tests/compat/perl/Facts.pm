package Facts;
# What the two drivers of MySQL for Perl's DBI have in common: the same calls, so the same facts.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use Exporter 'import';
our @EXPORT = qw(seen fact error_of dialogue end);

binmode $_, ':utf8' for *STDOUT, *STDERR;
$| = 1;
my $wrong = 0;

sub written { join ', ', map { defined $_ ? $_ : 'NULL' } @_ }

sub seen {
  my ($name, @values) = @_;
  print "$name: ", written(@values), "\n";
}

# fact NAME, [VALUES], [EXPECTED]
sub fact {
  my ($name, $values, $expected) = @_;
  seen($name, @$values);
  return if written(@$values) eq written(@$expected);
  print STDERR "$name is ", written(@$values), ', not ', written(@$expected), "\n";
  $wrong = 1;
}

sub error_of {
  my ($action) = @_;
  die 'an error was to come' if eval { $action->(); 1 };
}

# What DBI has for every database; $prefix is that of the driver's own attributes.
sub dialogue {
  my ($one, $two, $prefix) = @_;
  my $every_byte = join '', map { chr } 0 .. 255;
  $one->do('CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,
            amount DECIMAL(30, 10), at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4');
  my $insert = $one->prepare('INSERT INTO things (name, big, amount, at, data) VALUES (?, ?, ?, ?, ?)');
  my @row = ('Zoë 🎈', '18446744073709551615', '12345678901234567890.0123456789', '2024-02-29 23:59:59.999999');
  $insert->bind_param($_, $row[$_ - 1]) for 1 .. 4;
  $insert->bind_param(5, $every_byte, SQL_BLOB);
  $insert->execute;
  fact('generated key', [$one->{"${prefix}insertid"}], [1]);
  $insert->execute((undef) x 5);
  fact('generated key of NULLs', [$one->last_insert_id(undef, undef, 'things', 'id')], [2]);
  my $select = $one->prepare('SELECT name, big, amount, at, data FROM things WHERE id = ?');
  $select->execute(1);
  my @got = $select->fetchrow_array;
  fact('row', [@got[0 .. 3]], \@row);
  fact('blob', [$got[4] eq $every_byte], [1]);
  $select->finish;
  fact('NULLs', [$one->selectrow_array($select, {}, 2)], [(undef) x 5]);
  my @batch;
  my $changed = $one->prepare('INSERT INTO things (name, big) VALUES (?, ?)')
    ->execute_array({ ArrayTupleStatus => \@batch }, [map { "batch $_" } 0 .. 49], [0 .. 49]);
  fact('batch', [$changed, $one->selectrow_array('SELECT SUM(big) FROM things WHERE id > 2')], [50, 1225]);

  $one->begin_work;
  $one->do('UPDATE things SET big = 7 WHERE id = 2');
  fact('uncommitted, elsewhere', [$two->selectrow_array('SELECT big FROM things WHERE id = 2')], [undef]);
  $one->rollback;
  $one->{AutoCommit} = 0;
  $one->do('UPDATE things SET big = ? WHERE id = ?', {}, 8, 2);
  $one->do('SAVEPOINT one');
  $one->do('UPDATE things SET big = ? WHERE id = ?', {}, 9, 2);
  $one->do('ROLLBACK TO SAVEPOINT one');
  $one->commit;
  $one->{AutoCommit} = 1;
  fact('committed, elsewhere', [$two->selectrow_array('SELECT big FROM things WHERE id = 2')], [8]);

  $one->do("SET sql_mode = 'ANSI_QUOTES', \@mine = 'one'");
  fact('settings of one', [$one->selectrow_array('SELECT @@sql_mode, @mine')], ['ANSI_QUOTES', 'one']);
  fact('settings of two', [$two->selectrow_array('SELECT @@sql_mode = \'ANSI_QUOTES\', @mine')], [0, undef]);
  $one->do('SET sql_mode = DEFAULT');

  error_of(sub { $one->do('INSERT INTO things (id) VALUES (1)') });
  seen('duplicate key', $one->err, $one->state, $one->errstr);
  fact("duplicate key's number", [$one->err], [1062]);
  error_of(sub { $one->prepare('SELECT * FROM missing')->execute });
  fact('unknown table', [$one->err], [1146]);

  my ($first, $second) = ($one->prepare('SELECT ? + 1'), $two->prepare('SELECT ? + 2'));
  my $sum = 0;
  for my $i (0 .. 99) {
    my $statement = $i % 2 ? $second : $first;
    $statement->execute($i);
    $sum += $statement->fetchrow_arrayref->[0];
    $statement->finish;
  }
  fact('sum of many', [$sum], [4950 + 150]);

  my %by_text = ("${prefix}server_prepare" => 0);
  my $columns = $one->prepare('SELECT id, name AS called, data FROM things WHERE id = 0');
  $columns->execute;
  seen('columns', map { @$_ } @{$columns}{qw(NAME TYPE PRECISION NULLABLE), "${prefix}table"});
  seen('tables', map { s/`compat_\w+`/DATABASE/r } $one->tables(undef, undef, 'things', 'TABLE'));
  seen('primary key', $one->primary_key(undef, undef, 'things'));

  $one->do('CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END');
  my $call = $one->prepare('CALL twice(21)', {%by_text});
  $call->execute;
  my @results;
  do { push @results, map { @$_ } @{ $call->fetchall_arrayref } if $call->{NUM_OF_FIELDS} } while $call->more_results;
  fact('procedure', \@results, [21, 42]);
  $call->finish;
  $one->do('INSERT IGNORE INTO things (id) VALUES (1), (2)');
  fact('SHOW WARNINGS', [map { $_->[1] } @{ $one->selectall_arrayref('SHOW WARNINGS', {%by_text}) }], [1062, 1062]);
  open my $file, '>', 'rows.txt' or die $!;
  print $file "loaded 1\t1\nloaded 2\t2\n";
  close $file;
  fact('LOAD DATA LOCAL', [$one->do("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE things (name, big)")], [2]);
  fact('ping', [$one->ping], [1]);
}

sub end { exit $wrong }

1;
