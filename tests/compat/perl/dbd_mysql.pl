#!/usr/bin/perl
# DBD::mysql over MariaDB's C library, as Debian builds it.
use strict;
use warnings;
use utf8;
use DBI;
use Facts;

my ($port, $database, $kind) = @ARGV;
my $login = "DBI:mysql:database=$database;host=127.0.0.1;port=$port";
my %options = (RaiseError => 1, PrintError => 0, AutoCommit => 1, mysql_enable_utf8mb4 => 1, mysql_local_infile => 1);

my ($one, $two) = map { DBI->connect($login, 'app', 'app', { %options, mysql_server_prepare => $_ }) } 1, 0;
dialogue($one, $two, 'mysql_');

# DBD::MariaDB has this attribute, too, but with this C library it finds no rows by it.
my $stream = $two->prepare('SELECT a.id FROM things a JOIN things b', { mysql_use_result => 1 });
$stream->execute;
my $count = 0;
$count++ while $stream->fetchrow_arrayref;
fact('streamed', [$count], [54 * 54]);

$two->do('UPDATE things SET big = 3 WHERE id IN (1, 2)');
fact('info', [$two->{mysql_info}], ['Rows matched: 2  Changed: 2  Warnings: 0']);
my $latin1 = DBI->connect($login, 'app', 'app', { %options, mysql_enable_utf8mb4 => 0 });
$latin1->do('SET NAMES latin1');
fact('latin1', [$latin1->selectrow_array("SELECT HEX('\xEB'), \@\@character_set_client")], ['EB', 'latin1']);
my $slow = DBI->connect($login, 'app', 'app', { %options, mysql_read_timeout => 1 });
error_of(sub { $slow->do('SELECT SLEEP(2)') });
fact('read timeout', [$slow->err], [2013]);
$_->disconnect for $one, $two, $latin1;
my $again = DBI->connect($login, 'app', 'app', {%options});
fact('connected again', [$again->selectrow_array('SELECT COUNT(*) FROM things')], [54]);
end();
