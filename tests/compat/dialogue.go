// The dialogue of README.md with Go's driver, whose database/sql prepares statements and keeps a pool of its own.
// usage: dialogue PORT DATABASE
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func show(what string, row *sql.Row, columns int) {
	values, pointers := make([]sql.NullString, columns), make([]any, columns)
	for i := range values {
		pointers[i] = &values[i]
	}
	check(row.Scan(pointers...))
	fmt.Println(what, values)
}

func main() {
	port, database := os.Args[1], os.Args[2]
	db, err := sql.Open("mysql", "app:app@tcp(127.0.0.1:"+port+")/"+database+"?charset=utf8mb4&parseTime=true")
	check(err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	_, err = db.Exec("DROP TABLE IF EXISTS spoken")
	check(err)
	_, err = db.Exec("CREATE TABLE spoken (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), at DATETIME, n BIGINT) " +
		"ENGINE=InnoDB CHARACTER SET utf8mb4")
	check(err)
	at := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	for _, row := range [][]any{{"Zoë 🎈", at, int64(1) << 40}, {"", nil, nil}} {
		result, err := db.Exec("INSERT INTO spoken (name, at, n) VALUES (?, ?, ?)", row...)
		check(err)
		id, err := result.LastInsertId()
		check(err)
		fmt.Println("inserted", id)
	}
	show("prepared", db.QueryRow("SELECT * FROM spoken WHERE id = ?", 1), 4)
	show("text", db.QueryRow("SELECT COUNT(*), MAX(name) FROM spoken"), 2)

	transactions(ctx, db)
	settings(ctx, db)

	_, err = db.Exec("INSERT INTO spoken (id) VALUES (1)")
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		fmt.Println("error", refused.Number, refused.Message)
	}
	fmt.Println("sum", sumOfMany(db))
	_, err = db.Exec("DROP TABLE spoken")
	check(err)
}

func transactions(ctx context.Context, db *sql.DB) {
	for _, isolation := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelSerializable, sql.LevelReadCommitted} {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
		check(err)
		_, err = tx.Exec("UPDATE spoken SET n = ? WHERE id = 2", int64(isolation))
		check(err)
		show("within", tx.QueryRow("SELECT n FROM spoken WHERE id = 2"), 1)
		if isolation == sql.LevelSerializable {
			check(tx.Rollback())
		} else {
			check(tx.Commit())
		}
		show("after", db.QueryRow("SELECT n FROM spoken WHERE id = 2"), 1)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	check(err)
	_, err = tx.Exec("UPDATE spoken SET n = 1")
	fmt.Println("read only", err)
	check(tx.Rollback())
}

func settings(ctx context.Context, db *sql.DB) {
	one, err := db.Conn(ctx)
	check(err)
	defer one.Close()
	two, err := db.Conn(ctx)
	check(err)
	defer two.Close()
	_, err = one.ExecContext(ctx, "SET time_zone = '+03:00', @mine = 'one'")
	check(err)
	show("settings of one", one.QueryRowContext(ctx, "SELECT @@time_zone, @mine"), 2)
	show("settings of two", two.QueryRowContext(ctx, "SELECT @@time_zone, @mine"), 2)
}

// sumOfMany asks from twenty goroutines at a time, through one prepared statement on many connections.
func sumOfMany(db *sql.DB) (sum int64) {
	statement, err := db.Prepare("SELECT ? + 1")
	check(err)
	defer statement.Close()
	var everyone sync.WaitGroup
	var lock sync.Mutex
	for worker := 0; worker < 20; worker++ {
		everyone.Add(1)
		go func(worker int) {
			defer everyone.Done()
			for i := 0; i < 20; i++ {
				var answer int64
				check(statement.QueryRow(worker*20 + i).Scan(&answer))
				lock.Lock()
				sum += answer
				lock.Unlock()
			}
		}(worker)
	}
	everyone.Wait()
	return sum
}
