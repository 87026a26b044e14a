// Package facts says what each program here does with a fact: prints it, for the comparison, and asserts it.
package facts

import (
	"fmt"
	"os"
	"reflect"
)

const (
	Name    = "Zoë 🎈"
	Biggest = uint64(18446744073709551615)
	Decimal = "12345678901234567890.0123456789"
)

var (
	Port, Database, Kind = os.Args[1], os.Args[2], os.Args[3]
	wrong                []string
)

// EveryByte is a blob with each byte once.
func EveryByte() []byte {
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return bytes
}

// Seen is for what only the server knows: it has to be the same through lockstep.
func Seen(name string, value any) { fmt.Printf("%s: %v\n", name, value) }

func Fact(name string, value, expected any) {
	Seen(name, value)
	if !reflect.DeepEqual(value, expected) {
		wrong = append(wrong, fmt.Sprintf("%s is %#v, not %#v", name, value, expected))
	}
}

// Check ends the program at an error that was not to come.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// FileToLoad lies in the folder that the runner made for this run.
func FileToLoad(text string) string {
	folder, err := os.Getwd()
	Check(err)
	path := folder + "/rows.txt"
	Check(os.WriteFile(path, []byte(text), 0o644))
	return path
}

func End() {
	for _, line := range wrong {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}
