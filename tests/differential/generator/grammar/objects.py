"""What is in the schema before the first step, and what names it."""

from ..model import Client

# Objects that are in the schema before the first step, so that sessions need not spend their time on making them.
# `{client}` stands for the number of each client. MySQL remembers that a statement has used a table without transactions,
# and warns at the next one with another table, so that table is MariaDB's alone.
BASE = """
CREATE TABLE t{client} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))
CREATE TABLE m{client} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20)){no transactions}
CREATE TABLE s (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))
CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, a INT)
CREATE TRIGGER g_sets BEFORE INSERT ON g FOR EACH ROW SET @trigger = NEW.a
CREATE PROCEDURE p_sets() SET @left = 'behind', SESSION group_concat_max_len = 33
CREATE PROCEDURE p_mode() SET SESSION sql_mode = 'ANSI_QUOTES'
CREATE PROCEDURE p_zone() SET @@time_zone = '+03:00'
CREATE PROCEDURE p_names() SET NAMES latin1
CREATE PROCEDURE p_autocommit() SET autocommit = 0
CREATE PROCEDURE p_isolation() SET TRANSACTION ISOLATION LEVEL READ COMMITTED
CREATE PROCEDURE p_rows() BEGIN SELECT 1 AS one; SELECT 2 AS two, 'x' AS x; END
CREATE PROCEDURE p_error() BEGIN SET @before = 1, div_precision_increment = 7; SELECT 1; SELECT * FROM no_such_table; SET @behind = 1; END
CREATE PROCEDURE p_handled() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @handled = 1; SELECT * FROM no_such_table; SELECT @handled; END
CREATE PROCEDURE p_warns() SELECT CAST('1x' AS SIGNED)
CREATE PROCEDURE p_signals() SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'signalled', MYSQL_ERRNO = 1000
CREATE PROCEDURE p_out(IN a INT, OUT b INT, INOUT c VARCHAR(20)) BEGIN SET b = a * 2; SET c = CONCAT(c, '!'); END
CREATE PROCEDURE p_begins() BEGIN START TRANSACTION; INSERT INTO s (a) VALUES (10); END
CREATE PROCEDURE p_commits() COMMIT
CREATE PROCEDURE p_temporary() CREATE TEMPORARY TABLE own AS SELECT 5 AS five
CREATE PROCEDURE p_prepares() PREPARE inside FROM 'SELECT 77 AS inside'
CREATE PROCEDURE p_inserts() BEGIN INSERT INTO s (v) VALUES ('called'); SELECT LAST_INSERT_ID() > 0 AS inserted; END
CREATE PROCEDURE p_reads() SELECT @a AS a, LAST_INSERT_ID() AS id, DATABASE() AS here, @@time_zone AS zone, @@sql_select_limit AS most
CREATE PROCEDURE p_diagnoses() BEGIN GET DIAGNOSTICS @n = NUMBER; SELECT @n; SHOW WARNINGS; END
CREATE FUNCTION f_reads() RETURNS INT DETERMINISTIC RETURN LAST_INSERT_ID()
CREATE FUNCTION f_sets() RETURNS INT DETERMINISTIC BEGIN SET @function = 5; RETURN 1; END
CREATE FUNCTION f_zone() RETURNS INT DETERMINISTIC BEGIN SET SESSION time_zone = '+05:00'; RETURN 2; END
CREATE FUNCTION f_inserts() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO s (v) VALUES ('function'); RETURN LAST_INSERT_ID() > 0; END
CREATE VIEW the_view AS SELECT id, a FROM s
"""

NO_TRANSACTIONS = {"mariadb": " ENGINE = MyISAM", "mysql": ""}

PROCEDURES = (
    "p_sets p_mode p_zone p_names p_autocommit p_isolation p_rows p_error p_handled p_warns p_signals p_begins "
    "p_commits p_temporary p_prepares p_inserts p_reads p_diagnoses"
).split()


def any_table(c: Client) -> str:
    return c.one_of(
        [c.table, c.table, c.plain_table, "s", *c.temporary, *(name for name, kind in c.made.items() if kind == "table")]
    )


def own_table(c: Client) -> str:
    return c.pick(c.table, c.table, c.plain_table)


def read_after(c: Client) -> str:
    return c.pick(
        "SELECT @left, @@group_concat_max_len", "SELECT @@sql_mode, @@time_zone",
        "SELECT @before, @behind, @@div_precision_increment", "SELECT @handled, @function, @trigger", "SELECT @a, @b, @c",
        "SELECT @@autocommit", "SELECT @@character_set_client", "SELECT LAST_INSERT_ID()", "SHOW WARNINGS", "SELECT * FROM own",
        "EXECUTE inside", "COMMIT", "DROP TEMPORARY TABLE IF EXISTS own", "SELECT 1 / 7", "SELECT DATABASE()",
    )
