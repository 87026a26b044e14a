# Installing Debian packages: only what is missing, with progress, and with failures that say what to do.
# Sourced, not run; needs messages.sh.

# What compiling lockstep needs. ccache makes building anew quick; meson uses it where it is found.
build_packages=(g++ meson ninja-build pkg-config cmake ccache python3
                liburing-dev libmimalloc-dev libsimdjson-dev prometheus-cpp-dev libcivetweb-dev libfmt-dev
                libspdlog-dev libcli11-dev libssl-dev zlib1g-dev doctest-dev)

# What the quickstart's servers and its demonstration need besides.
demonstration_packages=(mariadb-server mariadb-client python3-pymysql curl procps iproute2)

# What the tests need besides: a second kind of server, the contenders of the perf lab, checkers.
test_packages=(haproxy sysbench valgrind prometheus debootstrap openssl clang-format util-linux systemd git)

# Drivers that come from Debian (tests/compat), and what those from other registries are built with.
driver_packages=(php-cli php-mysql libdbd-mariadb-perl libdbd-mysql-perl libmariadb-dev gcc python3-venv python3-dev)

# Tools of languages that need not come from Debian: a package is for who lacks the command.
driver_commands=(go=golang-go node=nodejs npm=npm javac=default-jdk-headless mvn=maven cargo=cargo-web)

# Prints the packages of the commands that are not there, from arguments as driver_commands has them.
packages_of_missing_commands() {
  local one
  for one in "$@"; do
    command -v "${one%%=*}" >/dev/null || printf '%s\n' "${one#*=}"
  done
}

policy=/usr/sbin/policy-rc.d
package_log=${TMPDIR:-/tmp}/lockstep-packages.log

# Prints those of the named packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this system has no apt-get" \
      "The tools know Debian 12. Elsewhere, install what these Debian packages hold:" "$*"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] ||
    fail "packages are missing and only root can install them" "sudo apt-get install ${missing[*]}"
  step "installing ${#missing[@]} packages: ${missing[*]}"
  : >"$package_log"
  keep_services_from_starting
  refresh_package_lists
  apt_get install -y --no-install-recommends "${missing[@]}" ||
    apt_failed "installing packages" "Run it again; when it fails again: apt-get -f install, then again."
  let_services_start
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] || fail "still missing after installing: ${missing[*]}" "The log is $package_log."
}

# apt-get with its words in the log and its progress shown. It waits for another apt-get instead of failing at once.
apt_get() {
  local status=0
  { DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o DPkg::Lock::Timeout=600 -o APT::Status-Fd=3 "$@" \
      3>&1 >>"$package_log" 2>&1 </dev/null; } | show_progress || status=${PIPESTATUS[0]}
  return "$status"
}

# Reads apt's status lines (kind:package:percent:text) and prints a line for every tenth of the way.
show_progress() {
  local kind package percent text doing='' shown=0
  while IFS=: read -r kind package percent text; do
    case $kind in dlstatus) text="fetching" ;; pmstatus) text="unpacking and setting up" ;; *) continue ;; esac
    [ "$text" = "$doing" ] || shown=0
    doing=$text
    percent=${percent%%.*}
    [ $((percent / 10)) -gt $((shown / 10)) ] || continue
    shown=$percent
    printf '   %3d %% %s\n' "$percent" "$text"
  done
}

# The lists of a mirror that stopped being refreshed are past their date but still right; apt is told so only then.
refresh_package_lists() {
  say "   reading the package lists"
  apt_get update && return
  if logged 'is not valid anymore|is expired'; then
    say "   the mirror's lists are past their date; taking them as they are"
    apt_get -o Acquire::Check-Valid-Until=false update && return
  fi
  apt_failed "reading the package lists" "Check /etc/apt/sources.list.d and the clock (date), then run it again."
}

apt_failed() {
  tail -n 5 "$package_log" >&2
  logged 'Could not get lock' && fail "$1 failed: another package manager is running" \
    "Wait for it to end (ps -C apt-get,apt,dpkg,unattended-upgr), then run this again."
  logged 'Temporary failure resolving|Could not (resolve|connect)|Network is unreachable|Unable to connect' &&
    fail "$1 failed: the package mirror cannot be reached" \
      "Check the network and the mirror named in /etc/apt/sources.list.d, then run this again."
  logged 'No space left' && fail "$1 failed: the disk is full" \
    "df -h / shows it; 3 GB are needed. Then run this again."
  logged 'Unable to locate package' && fail "$1 failed: the mirror lacks a package" \
    "Debian 12 (bookworm) with the component main has them all; this is $(. /etc/os-release; echo "$PRETTY_NAME")."
  fail "$1 failed" "${@:2}" "The log is $package_log."
}

logged() { grep -Eqi "$1" "$package_log"; }

# Packages of servers would start them. A policy-rc.d that answers 101 forbids it; one that was there is left alone.
keep_services_from_starting() {
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap let_services_start EXIT
  policy_is_ours=yes
}

let_services_start() {
  [ "${policy_is_ours:-}" = yes ] || return 0
  rm -f "$policy"
  policy_is_ours=
}
