// go-sql-driver under database/sql, which prepares statements and keeps a pool of its own.
package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	. "lockstep/compat/facts"

	"github.com/go-sql-driver/mysql"
)

func open(options string) *sql.DB {
	db, err := sql.Open("mysql", "app:app@tcp(127.0.0.1:"+Port+")/"+Database+"?"+options)
	Check(err)
	return db
}

func exec(db interface {
	Exec(string, ...any) (sql.Result, error)
}, query string, arguments ...any) (id, rows int64) {
	result, err := db.Exec(query, arguments...)
	Check(err)
	id, err = result.LastInsertId()
	Check(err)
	rows, err = result.RowsAffected()
	Check(err)
	return id, rows
}

func value[T any](db interface {
	QueryRow(string, ...any) *sql.Row
}, query string, arguments ...any) (found T) {
	Check(db.QueryRow(query, arguments...).Scan(&found))
	return found
}

func number(err error) uint16 {
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return refused.Number
	}
	return 0
}

func main() {
	defer End()
	db := open("charset=utf8mb4&parseTime=true")
	defer db.Close()
	exec(db, "CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED, "+
		"amount DECIMAL(30, 10), at DATETIME(6), ratio DOUBLE, data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4")
	for how, options := range []string{"charset=utf8mb4&parseTime=true", "charset=utf8mb4&parseTime=true&interpolateParams=true"} {
		exec(db, "TRUNCATE things")
		values(open(options), []string{"prepared", "interpolated"}[how])
	}
	transactions(db)
	settings(db)
	results(open("multiStatements=true&maxAllowedPacket=0"))
	failures(db)
	loading(db)
	sessions(db)
	latin1()
	Fact("sum of many", sumOfMany(db), int64(400*399/2+400))
	cancelling(db)
}

func values(db *sql.DB, how string) {
	defer db.Close()
	at := time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC)
	const insert = "INSERT INTO things (name, big, amount, at, ratio, data) VALUES (?, ?, ?, ?, ?, ?)"
	id, rows := exec(db, insert, Name, Biggest, Decimal, at, 0.1, EveryByte())
	Fact(how+": generated key", [2]int64{id, rows}, [2]int64{1, 1})
	id, _ = exec(db, insert, nil, nil, nil, nil, nil, nil)
	Fact(how+": generated key of NULLs", id, int64(2))
	var (
		name, amount string
		big          uint64
		got          time.Time
		ratio        float64
		data         []byte
	)
	const query = "SELECT name, big, amount, at, ratio, data FROM things WHERE id = ?"
	Check(db.QueryRow(query, 1).Scan(&name, &big, &amount, &got, &ratio, &data))
	Fact(how+": row", []any{name, big, amount, got, ratio}, []any{Name, Biggest, Decimal, at, 0.1})
	Fact(how+": blob", string(data) == string(EveryByte()), true)
	var nothing [3]sql.NullString
	Check(db.QueryRow("SELECT name, big, data FROM things WHERE id = ?", 2).Scan(&nothing[0], &nothing[1], &nothing[2]))
	Fact(how+": NULLs", nothing, [3]sql.NullString{})
	statement, err := db.Prepare("INSERT INTO things (name, big) VALUES (?, ?), (?, ?)")
	Check(err)
	defer statement.Close()
	result, err := statement.Exec("a", 1, "b", 2)
	Check(err)
	id, _ = result.LastInsertId()
	Fact(how+": batch", id, int64(3))
}

func transactions(db *sql.DB) {
	ctx := context.Background()
	for _, isolation := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelSerializable, sql.LevelReadCommitted} {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
		Check(err)
		exec(tx, "UPDATE things SET big = ? WHERE id = 2", int64(isolation)+10)
		Fact("within", value[int64](tx, "SELECT big FROM things WHERE id = 2"), int64(isolation)+10)
		if isolation == sql.LevelSerializable {
			Check(tx.Rollback())
		} else {
			Check(tx.Commit())
		}
		Seen("after", value[int64](db, "SELECT big FROM things WHERE id = 2"))
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	Check(err)
	_, err = tx.Exec("UPDATE things SET big = 1")
	Fact("read only", number(err), uint16(1792))
	Check(tx.Rollback())
	tx, err = db.Begin()
	Check(err)
	exec(tx, "UPDATE things SET big = 8 WHERE id = 2")
	exec(tx, "SAVEPOINT one")
	exec(tx, "DELETE FROM things")
	exec(tx, "ROLLBACK TO SAVEPOINT one")
	Check(tx.Commit())
	Fact("rolled back to the savepoint", value[int64](db, "SELECT SUM(big) FROM things WHERE id > 1"), int64(11))
}

func settings(db *sql.DB) {
	ctx := context.Background()
	one, err := db.Conn(ctx)
	Check(err)
	defer one.Close()
	two, err := db.Conn(ctx)
	Check(err)
	defer two.Close()
	_, err = one.ExecContext(ctx, "SET time_zone = '+03:00', @mine = 'one'")
	Check(err)
	var zone, mine sql.NullString
	Check(one.QueryRowContext(ctx, "SELECT @@time_zone, @mine").Scan(&zone, &mine))
	Fact("settings of one", []string{zone.String, mine.String}, []string{"+03:00", "one"})
	Check(two.QueryRowContext(ctx, "SELECT @@time_zone, @mine").Scan(&zone, &mine))
	Fact("settings of two", []any{zone.String, mine.Valid}, []any{"SYSTEM", false})
	_, err = one.ExecContext(ctx, "SET time_zone = DEFAULT, @mine = NULL")
	Check(err)
	isolation := map[string]string{"mariadb": "tx_isolation", "mysql": "transaction_isolation"}[Kind]
	in := open("time_zone=%27%2B05%3A00%27&sql_mode=%27ANSI%27&" + isolation + "=%27SERIALIZABLE%27")
	defer in.Close()
	Seen("settings by the login", value[string](in, "SELECT CONCAT_WS(' ', @@time_zone, @@sql_mode, @@"+isolation+")"))
}

func results(db *sql.DB) {
	defer db.Close()
	rows, err := db.Query("SELECT 1; SELECT 2 UNION SELECT 3; SELECT 'four'")
	Check(err)
	var found []string
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var one string
			Check(rows.Scan(&one))
			found = append(found, one)
		}
		found = append(found, "end")
	}
	Check(rows.Close())
	Fact("several", strings.Join(found, " "), "1 end 2 3 end four end")
	exec(db, "CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END")
	rows, err = db.Query("CALL twice(?)", 21)
	Check(err)
	sum := 0
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var one int
			Check(rows.Scan(&one))
			sum = sum*100 + one
		}
	}
	Check(rows.Close())
	Fact("procedure", sum, 2142)
	// Rows are read as they come; what is left is thrown away by Close.
	rows, err = db.Query("SELECT a.id FROM things a JOIN things b JOIN things c JOIN things d")
	Check(err)
	Fact("begun stream", rows.Next(), true)
	Check(rows.Close())
	columns, err := db.Query("SELECT id, name AS called, big, data, at FROM things WHERE id = 0")
	Check(err)
	types, err := columns.ColumnTypes()
	Check(err)
	for _, one := range types {
		null, _ := one.Nullable()
		Seen("column "+one.Name(), []any{one.DatabaseTypeName(), one.ScanType(), null})
	}
	Check(columns.Close())
}

func failures(db *sql.DB) {
	_, err := db.Exec("INSERT INTO things (id) VALUES (1)")
	Seen("duplicate key", err)
	Fact("duplicate key's number", number(err), uint16(1062))
	_, err = db.Exec("INSERT INTO things (name) VALUES (?)", Name)
	Fact("duplicate name's number", number(err), uint16(1062))
	_, err = db.Prepare("NONSENSE ?")
	Fact("prepared nonsense", number(err), uint16(1064))
	err = db.QueryRow("SELECT id FROM things WHERE id = 0").Scan(new(int))
	Fact("no rows", errors.Is(err, sql.ErrNoRows), true)
}

func loading(db *sql.DB) {
	path := FileToLoad("loaded 1\t1\nloaded 2\t2\n")
	mysql.RegisterLocalFile(path)
	_, rows := exec(db, "LOAD DATA LOCAL INFILE '"+path+"' INTO TABLE things (name, big)")
	Fact("LOAD DATA LOCAL", rows, int64(2))
	_, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::none' INTO TABLE things (name, big)")
	Seen("LOAD DATA LOCAL of nothing", err)
	Fact("goes on", value[int64](db, "SELECT 1"), int64(1))
}

func sessions(db *sql.DB) {
	Check(db.Ping())
	db.SetMaxIdleConns(0)
	db.SetMaxIdleConns(2)
	Fact("connected again", value[int64](db, "SELECT COUNT(*) FROM things"), int64(6))
	found := open("clientFoundRows=true")
	defer found.Close()
	_, rows := exec(found, "UPDATE things SET big = big WHERE id = 2")
	Fact("rows found, not changed", rows, int64(1))
	_, rows = exec(db, "UPDATE things SET big = big WHERE id = 2")
	Fact("rows changed", rows, int64(0))
}

func latin1() {
	db := open("charset=latin1")
	defer db.Close()
	Fact("latin1", value[string](db, "SELECT CONCAT(HEX('\xEB'), @@character_set_client)"), "EBlatin1")
	Fact("received in latin1", value[string](db, "SELECT LEFT(name, 3) FROM things WHERE id = 1"), "Zo\xEB")
}

// sumOfMany asks from twenty goroutines at a time, through one prepared statement on many connections.
func sumOfMany(db *sql.DB) (sum int64) {
	statement, err := db.Prepare("SELECT ? + 1")
	Check(err)
	defer statement.Close()
	var everyone sync.WaitGroup
	var lock sync.Mutex
	for worker := 0; worker < 20; worker++ {
		everyone.Add(1)
		go func(worker int) {
			defer everyone.Done()
			for i := 0; i < 20; i++ {
				var answer int64
				Check(statement.QueryRow(worker*20 + i).Scan(&answer))
				lock.Lock()
				sum += answer
				lock.Unlock()
			}
		}(worker)
	}
	everyone.Wait()
	return sum
}

// cancelling: the driver closes the connection of a statement whose context ends. Its transaction must not live on.
func cancelling(db *sql.DB) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tx, err := db.BeginTx(ctx, nil)
	Check(err)
	exec(tx, "UPDATE things SET big = 99 WHERE id = 2")
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err = tx.ExecContext(ctx, "DO SLEEP(1)")
	Fact("cancelled", errors.Is(err, context.Canceled), true)
	_, rows := exec(db, "UPDATE things SET big = 100 WHERE id = 2 AND big <> 99")
	Fact("the cancelled transaction is rolled back", rows, int64(1))
}
