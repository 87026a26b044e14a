#!/usr/bin/perl
# DBD::MariaDB over MariaDB's C library, with statements prepared by the server.
use strict;
use warnings;
use utf8;
use DBI;
use Facts;

my ($port, $database, $kind) = @ARGV;
my $login = "DBI:MariaDB:database=$database;host=127.0.0.1;port=$port";
my %options = (RaiseError => 1, PrintError => 0, AutoCommit => 1, mariadb_server_prepare => 1, mariadb_local_infile => 1);

my ($one, $two) = map { DBI->connect($login, 'app', 'app', {%options}) } 1, 2;
dialogue($one, $two, 'mariadb_');

my $several = DBI->connect($login, 'app', 'app', { %options, mariadb_server_prepare => 0, mariadb_multi_statements => 1 });
my $statement = $several->prepare('SELECT 1; SELECT 2');
$statement->execute;
my @results;
do { push @results, map { @$_ } @{ $statement->fetchall_arrayref } } while $statement->more_results;
fact('several', \@results, [1, 2]);
$several->do('SELECT SLEEP(0.05)', { mariadb_async => 1 });
fact('asynchronous', [$several->mariadb_async_result >= 0 ? 1 : 0], [1]);

my $slow = DBI->connect($login, 'app', 'app', { %options, mariadb_read_timeout => 1 });
error_of(sub { $slow->do('SELECT SLEEP(2)') });
fact('read timeout', [$slow->err], [2013]);
$one->{mariadb_auto_reconnect} = 0;
$_->disconnect for $one, $two, $several;
error_of(sub { $one->do('SELECT 1') });
my $again = DBI->connect($login, 'app', 'app', {%options});
fact('connected again', [$again->selectrow_array('SELECT COUNT(*) FROM things')], [54]);
end();
