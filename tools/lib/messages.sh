# Messages of the shell tools. Sourced, not run.

say() { printf '%s\n' "$*"; }

# One line that stands out from what the programs below it print.
step() { printf '== %s\n' "$*"; }

# fail WHAT-IS-WRONG WHAT-TO-DO...
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}
