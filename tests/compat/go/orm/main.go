// GORM, an object-relational mapper over go-sql-driver.
package main

import (
	"errors"
	"time"

	. "lockstep/compat/facts"

	driver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

type Author struct {
	ID    uint64
	Name  string `gorm:"size:40;uniqueIndex"`
	Fame  *uint64
	Worth string `gorm:"type:decimal(30,10);default:0"`
	Face  []byte
	Met   *time.Time `gorm:"precision:6"`
	Books []Book
}

type Book struct {
	ID       uint64
	Title    string
	AuthorID *uint64
}

func main() {
	defer End()
	for _, prepared := range []bool{false, true} {
		db, err := gorm.Open(mysql.Open("app:app@tcp(127.0.0.1:"+Port+")/"+Database+"?charset=utf8mb4&parseTime=true"),
			&gorm.Config{PrepareStmt: prepared, TranslateError: true, Logger: logger.Discard})
		Check(err)
		Check(db.Migrator().DropTable(&Book{}, &Author{}))
		Check(db.AutoMigrate(&Author{}, &Book{}))
		// A second time it reads the schema and finds nothing to do.
		Check(db.AutoMigrate(&Author{}, &Book{}))
		dialogue(db)
		pool, err := db.DB()
		Check(err)
		Check(pool.Close())
	}
}

func dialogue(db *gorm.DB) {
	fame, met := Biggest, time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC)
	author := Author{Name: Name, Fame: &fame, Worth: Decimal, Face: EveryByte(), Met: &met,
		Books: []Book{{Title: "first"}, {Title: "second"}}}
	Check(db.Create(&author).Error)
	Fact("generated keys", []uint64{author.ID, author.Books[0].ID, author.Books[1].ID}, []uint64{1, 1, 2})
	var read Author
	Check(db.Preload("Books").First(&read, "name = ?", Name).Error)
	Fact("row", []any{read.Name, *read.Fame, read.Worth, *read.Met, len(read.Books)}, []any{Name, Biggest, Decimal, met, 2})
	Fact("blob", string(read.Face) == string(EveryByte()), true)
	books := make([]Book, 50)
	for i := range books {
		books[i].Title = "batch"
	}
	created := db.CreateInBatches(&books, 20)
	Check(created.Error)
	Fact("batches", []any{created.RowsAffected, books[49].ID}, []any{int64(50), uint64(52)})

	failed := errors.New("no")
	Fact("rolled back", db.Transaction(func(tx *gorm.DB) error {
		Check(tx.Create(&Author{Name: "nobody", Worth: "1"}).Error)
		return failed
	}), failed)
	Check(db.Transaction(func(tx *gorm.DB) error {
		Check(tx.Model(&author).Update("name", "somebody").Error)
		// The inner one is a savepoint.
		Fact("rolled back to a savepoint", tx.Transaction(func(nested *gorm.DB) error {
			Check(nested.Where("1 = 1").Delete(&Book{}).Error)
			return failed
		}), failed)
		return nil
	}))
	var count int64
	Check(db.Model(&Book{}).Count(&count).Error)
	var names []string
	Check(db.Model(&Author{}).Order("id").Pluck("name", &names).Error)
	Fact("committed", []any{count, names}, []any{int64(52), []string{"somebody"}})

	err := db.Create(&Author{Name: "somebody", Worth: "1"}).Error
	Fact("duplicate key", errors.Is(err, gorm.ErrDuplicatedKey), true)
	missing := db.First(&Author{}, 99).Error
	Fact("not found", errors.Is(missing, gorm.ErrRecordNotFound), true)
	upserted := db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Author{ID: author.ID, Name: "renamed", Worth: "2"})
	Check(upserted.Error)
	// MariaDB is asked by RETURNING, which counts otherwise.
	Fact("upserted", upserted.RowsAffected, map[string]int64{"mariadb": 1, "mysql": 2}[Kind])
	var titles []string
	rows, err := db.Model(&Book{}).Where("id <= ?", 3).Order("id").Rows()
	Check(err)
	for rows.Next() {
		var book Book
		Check(db.ScanRows(rows, &book))
		titles = append(titles, book.Title)
	}
	Check(rows.Close())
	Fact("rows", titles, []string{"first", "second", "batch"})
	Check(db.Exec("UPDATE books SET title = CONCAT(title, ?) WHERE id = ?", "!", 1).Error)
	var locked Book
	Check(db.Transaction(func(tx *gorm.DB) error {
		return tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&locked, 1).Error
	}))
	Fact("locked", locked.Title, "first!")
	columns, err := db.Migrator().ColumnTypes(&Author{})
	Check(err)
	for _, column := range columns {
		kind, _ := column.ColumnType()
		Seen("column "+column.Name(), kind)
	}
	var refused *driver.MySQLError
	Fact("the driver's own error", errors.As(db.Exec("NONSENSE").Error, &refused) && refused.Number == 1064, true)
}
