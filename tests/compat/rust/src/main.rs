//! The mysql crate: its own implementation of the protocol, in Rust.
//! usage: compat PORT DATABASE KIND
use mysql::prelude::*;
use mysql::{params, Conn, Error, LocalInfileHandler, Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, Row, TxOpts, Value};
use std::fmt::Debug;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static WRONG: AtomicBool = AtomicBool::new(false);
const NAME: &str = "Zoë 🎈";
const DECIMAL: &str = "12345678901234567890.0123456789";

fn seen(name: &str, value: impl Debug) {
    println!("{name}: {value:?}");
}

fn fact<T: Debug + PartialEq>(name: &str, value: T, expected: T) {
    seen(name, &value);
    if value != expected {
        eprintln!("{name} is {value:?}, not {expected:?}");
        WRONG.store(true, Ordering::Relaxed);
    }
}

/// The number of the error that a server has answered with.
fn number<T>(result: Result<T, Error>) -> u16 {
    match result {
        Err(Error::MySqlError(error)) => error.code,
        _ => 0,
    }
}

fn options(port: u16, database: &str) -> OptsBuilder {
    OptsBuilder::new()
        .ip_or_hostname(Some("127.0.0.1"))
        .tcp_port(port)
        .user(Some("app"))
        .pass(Some("app"))
        .db_name(Some(database))
        .prefer_socket(false)
}

type Things = (Option<String>, Option<u64>, Option<String>, Value, Option<Vec<u8>>);

fn values(one: &mut Conn) -> Result<(), Error> {
    one.query_drop(
        "CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,
         amount DECIMAL(30, 10), at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4",
    )?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let moment = Value::Date(2024, 2, 29, 23, 59, 59, 999_999);
    let insert = "INSERT INTO things (name, big, amount, at, data) VALUES (:name, :big, :amount, :at, :data)";
    one.exec_drop(insert, params! { "name" => NAME, "big" => u64::MAX, "amount" => DECIMAL, "at" => &moment, "data" => &every_byte })?;
    fact("generated key", one.last_insert_id(), 1);
    let null = Value::NULL;
    one.exec_drop(insert, params! { "name" => &null, "big" => &null, "amount" => &null, "at" => &null, "data" => &null })?;
    fact("generated key of NULLs", one.last_insert_id(), 2);
    let select = "SELECT name, big, amount, at, data FROM things WHERE id = ?";
    let row: Things = one.exec_first(select, (1,))?.unwrap();
    let expected = (Some(NAME.to_string()), Some(u64::MAX), Some(DECIMAL.to_string()), moment, Some(every_byte.clone()));
    fact("prepared", row, expected);
    fact("prepared NULLs", one.exec_first::<Things, _, _>(select, (2,))?.unwrap(), (None, None, None, Value::NULL, None));
    let row: (String, u64, String, Vec<u8>) = one.query_first("SELECT name, big, amount, data FROM things")?.unwrap();
    fact("text", row, (NAME.to_string(), u64::MAX, DECIMAL.to_string(), every_byte));
    one.exec_batch("INSERT INTO things (name, big) VALUES (?, ?)", (0..50).map(|i| (format!("batch {i}"), i)))?;
    fact("batch", one.query_first("SELECT SUM(big) FROM things WHERE id > 2")?, Some(1225));
    Ok(())
}

fn transactions(one: &mut Conn, two: &mut Conn) -> Result<(), Error> {
    let elsewhere = |two: &mut Conn| two.query_first::<Option<u64>, _>("SELECT big FROM things WHERE id = 2");
    let mut transaction = one.start_transaction(TxOpts::default())?;
    transaction.exec_drop("UPDATE things SET big = ? WHERE id = 2", (7,))?;
    fact("affected", transaction.affected_rows(), 1);
    fact("uncommitted, elsewhere", elsewhere(two)?, Some(None));
    transaction.rollback()?;
    let mut transaction = one.start_transaction(TxOpts::default().set_with_consistent_snapshot(true))?;
    transaction.query_drop("UPDATE things SET big = 8 WHERE id = 2")?;
    transaction.query_drop("SAVEPOINT one")?;
    transaction.query_drop("UPDATE things SET big = 9 WHERE id = 2")?;
    transaction.query_drop("ROLLBACK TO SAVEPOINT one")?;
    transaction.commit()?;
    fact("committed, elsewhere", elsewhere(two)?, Some(Some(8)));
    let mut transaction = one.start_transaction(TxOpts::default().set_access_mode(Some(mysql::AccessMode::ReadOnly)))?;
    fact("read only", number(transaction.query_drop("DELETE FROM things")), 1792);
    drop(transaction);
    Ok(())
}

fn settings(one: &mut Conn, two: &mut Conn) -> Result<(), Error> {
    type Settings = (String, Option<String>);
    let asked = "SELECT @@time_zone, @mine";
    let fresh: Option<Settings> = Some(("SYSTEM".to_string(), None));
    one.query_drop("SET time_zone = '+03:00', @mine = 'one'")?;
    fact("settings of one", one.query_first::<Settings, _>(asked)?, Some(("+03:00".to_string(), Some("one".to_string()))));
    fact("settings of two", two.query_first::<Settings, _>(asked)?, fresh.clone());
    one.reset()?;
    fact("after a reset", one.query_first::<Settings, _>(asked)?, fresh.clone());
    one.query_drop("SET @mine = 'one'")?;
    one.change_user(Default::default())?;
    fact("after change_user", one.query_first::<Settings, _>(asked)?, fresh);
    fact("select_db", one.select_db("mysql").is_ok(), true);
    fact("schema", one.query_first("SELECT DATABASE()")?, Some("mysql".to_string()));
    Ok(())
}

fn results(one: &mut Conn) -> Result<(), Error> {
    let mut result = one.query_iter("SELECT 1; DO 0; SELECT 2 UNION SELECT 3")?;
    let mut sets = Vec::new();
    while let Some(set) = result.iter() {
        sets.push(set.collect::<Result<Vec<Row>, _>>()?.len());
    }
    drop(result);
    fact("several", sets, vec![1, 0, 2]);
    one.query_drop("CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END")?;
    let mut result = one.exec_iter("CALL twice(?)", (21,))?;
    let mut found: Vec<i64> = Vec::new();
    while let Some(set) = result.iter() {
        for row in set {
            found.push(mysql::from_row::<i64>(row?));
        }
    }
    drop(result);
    fact("procedure", found, vec![21, 42]);
    let mut count = 0;
    for row in one.exec_iter("SELECT a.id FROM things a JOIN things b", ())? {
        row?;
        count += 1;
    }
    fact("streamed", count, 52 * 52);
    let mut left = one.query_iter("SELECT a.id FROM things a JOIN things b JOIN things c")?;
    left.next();
    drop(left);
    fact("after a stream that was left", one.query_first("SELECT 1")?, Some(1));
    one.query_drop("INSERT IGNORE INTO things (id) VALUES (1), (2)")?;
    fact("warnings", one.warnings(), 2);
    fact("info", one.info_str().to_string(), "Records: 2  Duplicates: 2  Warnings: 2".to_string());
    fact("SHOW WARNINGS", one.query_map("SHOW WARNINGS", |row: Row| row.get::<u16, _>(1).unwrap())?, vec![1062, 1062]);
    let statement = one.prep("SELECT id, name AS called, data FROM things WHERE id = ?")?;
    seen("parameters", statement.num_params());
    for column in statement.columns().iter() {
        seen("column", (column.name_str(), column.org_name_str(), column.table_str()));
        seen("its type", (column.column_type(), column.character_set(), column.flags()));
    }
    one.close(statement)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (port, database) = (arguments[1].parse()?, arguments[2].as_str());
    let mut one = Conn::new(options(port, database))?;
    let mut two = Conn::new(options(port, database).additional_capabilities(mysql::consts::CapabilityFlags::CLIENT_FOUND_ROWS))?;
    values(&mut one)?;
    transactions(&mut one, &mut two)?;
    results(&mut one)?;
    two.query_drop("UPDATE things SET big = big WHERE id = 2")?;
    fact("rows found, not changed", two.affected_rows(), 1);

    let duplicate = one.exec_drop("INSERT INTO things (id) VALUES (?)", (1,));
    seen("duplicate key", &duplicate);
    fact("duplicate key's number", number(duplicate), 1062);
    fact("prepared nonsense", number(one.prep("NONSENSE ?")), 1064);
    one.set_local_infile_handler(Some(LocalInfileHandler::new(|_, stream| stream.write_all(b"loaded 1\t1\nloaded 2\t2\n"))));
    one.query_drop("LOAD DATA LOCAL INFILE 'rows' INTO TABLE things (name, big)")?;
    fact("LOAD DATA LOCAL", one.affected_rows(), 2);
    one.ping()?;
    settings(&mut one, &mut two)?;

    let mut latin1 = Conn::new(options(port, database).init(vec!["SET NAMES latin1"]))?;
    fact("latin1", latin1.query_first("SELECT HEX('ë')")?, Some("C3AB".to_string()));
    let received: Option<Vec<u8>> = latin1.query_first("SELECT LEFT(name, 3) FROM things WHERE id = 1")?;
    fact("received in latin1", received, Some(b"Zo\xEB".to_vec()));

    // A connection is reset when the next one takes it out of the pool.
    let constraints = PoolConstraints::new(1, 1).unwrap();
    let resetting = PoolOpts::default().with_constraints(constraints).with_reset_connection(true);
    let pool = Pool::new(Opts::from(options(port, database).pool_opts(resetting)))?;
    for _ in 0..3 {
        let mut pooled = pool.get_conn()?;
        fact("of the pool", pooled.query_first("SELECT @mine, @@time_zone")?, Some((None::<String>, "SYSTEM".to_string())));
        pooled.query_drop("SET @mine = 1, time_zone = '+05:00'")?;
        pooled.query_drop("START TRANSACTION")?;
        pooled.query_drop("DELETE FROM things")?;
    }
    drop(pool);
    let mut slow = Conn::new(options(port, database).read_timeout(Some(Duration::from_secs(1))))?;
    fact("nothing deleted", slow.query_first("SELECT COUNT(*) FROM things")?, Some(54));
    fact("read timeout", matches!(slow.query_drop("SELECT SLEEP(2)"), Err(Error::CodecError(_))), true);
    let id = two.connection_id();
    seen("kill", number(latin1.query_drop(format!("KILL {id}"))));
    std::process::exit(WRONG.load(Ordering::Relaxed) as i32);
}
