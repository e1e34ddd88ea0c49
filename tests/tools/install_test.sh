#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `meson install` lays down is enough for others: the library's headers compile alone, the
# example builds against it with pkg-config alone, shared and static, and runs; the library shows
# the functions of its headers and no others; the manual pages are without fault.
set -u
build=$QK_BUILD_ROOT
dest=$(mktemp -d) || exit 1
trap 'rm -rf "$dest"' EXIT
failures=0

complain() {
    echo "$*"
    failures=$((failures + 1))
}

found() { # found NAME: the one installed file of that name
    find "$dest/root" -name "$1" | head -n 1
}

meson install -C "$build" --destdir "$dest/root" --no-rebuild --quiet >"$dest/log" 2>&1 ||
    { cat "$dest/log"; exit 1; }
for name in qingkong hj212.h scan.h libqkhj212.a libqkhj212.so qkhj212.pc libqkhj212.3 qingkong.1 \
    qingkong.service nginx.conf hj212_example.c; do
    [ -n "$(found "$name")" ] || complain "not installed: $name"
done
for name in internal.h fields.h scan_x86.h; do
    [ -z "$(found "$name")" ] || complain "installed, though it is the library's own: $name"
done
[ $failures -eq 0 ] || exit 1

PKG_CONFIG_PATH=$(dirname "$(found qkhj212.pc)")
PKG_CONFIG_SYSROOT_DIR=$dest/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
flags=$(pkg-config --cflags qkhj212) || exit 1
libs=$(pkg-config --libs qkhj212)
lib_dir=$(dirname "$(found libqkhj212.so)")
strict='-std=c17 -Wall -Wextra -Wpedantic -Werror'

test_headers() {
    for header in "$(dirname "$(found scan.h)")"/*.h; do
        # shellcheck disable=SC2086
        echo "#include <hj212/$(basename "$header")>" |
            cc $strict $flags -fsyntax-only -x c - || complain "does not compile alone: $header"
    done
}

test_symbols() {
    grep -ohE '\bqk_hj212_[a-z0-9_]+\(' "$(dirname "$(found scan.h)")"/*.h | tr -d '(' |
        grep -vx qk_hj212_text_of | sort -u >"$dest/declared"
    nm -D --defined-only "$lib_dir/libqkhj212.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' |
        sort -u >"$dest/shown"
    diff "$dest/declared" "$dest/shown" ||
        complain "headers (<) and src/hj212/qkhj212.map (>) differ"
}

# What the example must say of two frames: a good one of 2017 that asks for an answer, cut anywhere,
# and one with a wrong CRC.
test_example() {
    {
        printf '##0141QN=20250101001003123;ST=31;CN=2011;PW=123456;MN=QZ0000000000000000000001;Flag=5;'
        printf 'CP=&&DataTime=20250101001000;a21026-Rtd=12.50,a21026-Flag=N&&5B40\r\n'
        printf '##0011MN=1;CP=&&&&0000\r\n'
    } | LD_LIBRARY_PATH=$lib_dir "$dest/example" >"$dest/said"
    for line in '2011 of QZ0000000000000000000001' '  a21026-Rtd = 12.50  # sulfur dioxide' \
        'answer: ##0087QN=20250101001003123;ST=91;CN=9014;' 'refused: '; do
        grep -qiF "$line" "$dest/said" ||
            { complain "the example did not say '$line' but:"; cat "$dest/said"; }
    done
}

test_manual() {
    command -v man >/dev/null && command -v groff >/dev/null ||
        { echo "not checked, since man is not installed: the manual pages"; return; }
    for page in libqkhj212.3 qingkong.1; do
        LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man -l --warnings -E UTF-8 -Tutf8 -Z \
            "$(found $page)" 2>"$dest/warnings" >/dev/null || complain "man refuses $page"
        [ ! -s "$dest/warnings" ] || { complain "$page:"; cat "$dest/warnings"; }
    done
    "$QK_PROGRAM" help | sed -n 's/^  \([a-z0-9]\{1,\}\) .*/\1/p' | while read -r name; do
        grep -q "^\.SS $name " "$(found qingkong.1)" || echo "qingkong.1 lacks $name"
    done >"$dest/lacking"
    [ ! -s "$dest/lacking" ] || { complain "commands:"; cat "$dest/lacking"; }
}

test_headers
test_symbols
for way in shared static; do
    [ $way = shared ] || libs=$lib_dir/libqkhj212.a
    # shellcheck disable=SC2086
    cc $strict $flags "$(found hj212_example.c)" -o "$dest/example" $libs ||
        { complain "the example does not build: $way"; continue; }
    test_example
done
test_manual
[ $failures -eq 0 ] || exit 1
