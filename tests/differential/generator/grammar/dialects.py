"""What only one of the two servers has, or reads otherwise."""

from ..model import Client, production


@production("dialects", 1, only="mysql", plain=True)
def hints(c: Client):
    return c.pick(
        "SELECT /*+ SET_VAR(div_precision_increment = 9) */ 1 / 7", "SELECT /*+ SET_VAR(sql_mode = 'ANSI_QUOTES') */ @@sql_mode",
        "SELECT /*+ SET_VAR(group_concat_max_len = 4) */ GROUP_CONCAT('abcdefg')", "SELECT /*+ SET_VAR(nothing = 1) */ 1",
        "INSERT /*+ SET_VAR(unique_checks = 0) */ INTO s (a) VALUES (1)",
        "SELECT /*+ SET_VAR(time_zone = '+09:00') */ @@time_zone", "SELECT /*+ MAX_EXECUTION_TIME(100000) */ 1",
        "SELECT /*+ SET_VAR(sql_select_limit = 1) */ id FROM s", "SELECT /*+ SET_VAR(auto_increment_increment = 9) */ 1",
        "SELECT /*+ SET_VAR(@a = 1) */ 1",
    )


@production("dialects", 1, plain=False)
def version_comments(c: Client):
    text = c.plain("locks")
    return c.pick(
        f"/*!40101 {text} */", f"/*!99999 {text} */", f"/*! {text} */", f"/*!80000 {text} */", f"/* SET @a = 1 */ {text}",
        f"-- {text}\nSELECT 1", f"{text} # behind", f"/*M! {text} */", f"/*M!100000 {text} */", "SELECT 1 /*!40101 , @a := 3 */",
        "SET /*!40101 @a = 4, */ @b = 5", "SET @a = 1 /*!99999 + 1 */ /*! + 10 */", f"/*!50700 SET @a = 1 */; {text}",
    )


@production("dialects", 1, only="mariadb")
def set_statement(c: Client):
    if c.session.trackers:
        return None
    setting = c.pick(
        "div_precision_increment = 9", "sql_mode = 'ANSI_QUOTES'", "group_concat_max_len = 4", "max_statement_time = 100",
        "time_zone = '+09:00', sql_select_limit = 1", "nope = 1", "autocommit = 0", "sql_mode = 'nope'",
    )
    return f"SET STATEMENT {setting} FOR {c.plain('locks')}"


@production("dialects", 0.5, only="mariadb", plain=True)
def no_sequence(c: Client):
    return c.pick("SELECT NEXTVAL(no_such_sequence)", "SELECT PREVIOUS VALUE FOR no_such_sequence", "SELECT LASTVAL(s)")


@production("dialects", 0.5, only="mysql", plain=True)
def json_and_newer(c: Client):
    return c.pick(
        "SET @a = CAST('{\"k\": 1}' AS JSON)", "SELECT @a, JSON_TYPE(@a)", "SET @b = JSON_ARRAY(1, 'x')", "SELECT @b",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT COUNT(*) FROM r",
        "SET PERSIST_ONLY nope = 1", "EXPLAIN FORMAT=JSON INTO @a SELECT nope", "TABLE s LIMIT 1 INTO @a, @b, @c",
        "VALUES ROW(1, 'x') INTO @a, @b", "SET RESOURCE GROUP nope",
    )
