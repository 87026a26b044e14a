#!/bin/sh
# build_libraries.sh SOURCE BUILD: OpenSSL's static libraries and generated headers, below BUILD and nowhere else.
set -eu
source=$1
mkdir -p "$2"
cd "$2"
log=build.log
"$source/Configure" no-shared no-tests no-legacy no-engine --openssldir=/etc/ssl >"$log" 2>&1 &&
  make -j"$(nproc)" build_libs >>"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
echo '#pragma once' >openssl_built.h
