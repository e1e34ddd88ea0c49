#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The checks of tools/ on small trees: what is right passes, each fault fails and is named.
set -u
tools=$QK_SOURCE_ROOT/tools
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
failures=0
licence='/* SPDX-License-Identifier: Apache-2.0 */'

fresh() {
    rm -rf "$tree"
    mkdir -p "$tree/src/base" "$tree/src/plan" "$tree/src/hj212" "$tree/tests" "$tree/tools"
    put src/base/a.h "$licence" '#ifndef A_H' '#define A_H' '#include <stddef.h>' 'size_t a(void);' '#endif'
    put src/base/a.c "$licence" '#include "base/a.h"' 'size_t a(void)' '{' '    return 1;' '}'
    put src/plan/p.c "$licence" '#include "base/a.h"' '#include <stdio.h>' 'static int x;'
}

put() { # put FILE LINE...
    file=$tree/$1
    shift
    printf '%s\n' "$@" >"$file"
}

passes() { # passes CHECK
    "$tools/$1" "$tree" >"$tree/out" 2>&1 || { echo "$1 refused a good tree:"; cat "$tree/out"; failures=$((failures + 1)); }
}

fails() { # fails CHECK TEXT: the check fails and its words hold TEXT
    if "$tools/$1" "$tree" >"$tree/out" 2>&1; then
        echo "$1 did not see: $2"
        failures=$((failures + 1))
    elif ! grep -qF "$2" "$tree/out"; then
        echo "$1 did not say \"$2\" but:"
        cat "$tree/out"
        failures=$((failures + 1))
    fi
}

prints() { # prints CHECK TEXT
    passes "$1"
    grep -qF "$2" "$tree/out" || { echo "$1 did not print \"$2\" but:"; cat "$tree/out"; failures=$((failures + 1)); }
}

test_layers() {
    fresh
    passes check-layers
    put src/base/b.c "$licence" '#include "plan/p.h"'
    fails check-layers 'src/base/b.c:2: base may not use plan'
    fresh
    put src/hj212/h.c "$licence" '#  include "base/a.h"'
    fails check-layers 'hj212 may not use base'
    fresh
    put src/plan/q.c "$licence" '#include "hj212/h.h"'
    fails check-layers 'plan may not use hj212'
    fresh
    put src/plan/q.c "$licence" '#include "p.h"'
    fails check-layers 'from src'
    fresh
    put src/plan/q.c "$licence" '#include "../base/a.h"'
    fails check-layers 'from src'
    fresh
    put src/plan/q.c "$licence" '#include <sys/stat.h>'
    fails check-layers 'no <sys/stat.h>'
    fresh
    mkdir "$tree/src/attic"
    put src/attic/q.c "$licence" '#include "base/a.h"'
    fails check-layers 'floor attic'
}

long_function() { # long_function LINES
    printf '%s\nint f(int a,\n      int b)\n{\n' "$licence"
    i=5
    while [ $i -le "$1" ]; do echo '    a++;'; i=$((i + 1)); done
    printf '}\n'
}

test_length() {
    fresh
    prints check-length '1 functions: median 4 lines'
    long_function 150 >"$tree/tests/f.c"
    passes check-length
    long_function 151 >"$tree/tests/f.c"
    fails check-length 'tests/f.c:2: function of 151 lines'
    fresh
    long_function 30 >"$tree/src/base/a.c"
    fails check-length 'the median is above 18'
    fresh
    { echo "$licence"; yes '// x' | head -n 999; } >"$tree/src/base/b.c"
    passes check-length
    echo >>"$tree/src/base/b.c"
    fails check-length 'src/base/b.c: 1001 lines'
}

test_banned() {
    fresh
    put src/base/b.c "$licence" '/* not sprintf( */' 'int my_atoi(int);' 'x.gets(1); snprintf(0);' '// atoi(' \
        'y->rand(2);'
    passes check-banned
    for call in 'strcpy(a, b)' 'n = atoi (s)' '(sscanf(a, b))' 'localtime(&t)' '	gets(s)'; do
        put src/base/b.c "$licence" "$call;"
        fails check-banned 'src/base/b.c:2:'
    done
    fresh
    note=TO
    put tests/t.c "$licence" "/* ${note}DO: later */"
    fails check-banned 'tests/t.c:2:'
}

test_spdx() {
    fresh
    mkdir "$tree/ui"
    put ui/a.ts '// SPDX-License-Identifier: Apache-2.0'
    put ui/a.svelte '<!-- SPDX-License-Identifier: Apache-2.0 -->'
    put tools/t '#!/bin/sh' '# SPDX-License-Identifier: Apache-2.0'
    passes check-spdx
    put src/base/b.h '#include <stddef.h>' "$licence"
    fails check-spdx 'src/base/b.h'
    fresh
    put ui/b.ts 'const a = 1' 2>/dev/null || { mkdir -p "$tree/ui" && put ui/b.ts 'const a = 1'; }
    fails check-spdx 'ui/b.ts'
    fresh
    put tools/t '#!/bin/sh' 'echo'
    fails check-spdx 'tools/t'
}

test_headers() {
    fresh
    passes check-headers
    put src/base/b.h "$licence" '#ifndef B_H' '#define B_H' 'size_t b(void);' '#endif'
    fails check-headers 'src/base/b.h'
    fresh
    put src/base/b.h "$licence" 'typedef struct b { int x; } b;'
    fails check-headers 'src/base/b.h'
}

test_capabilities() {
    fresh
    put tests/a_test.c "$licence" 'static void test_S042_plan__x(void **state)' '{' '}' \
        'static void test_S042_S007_plan__y(void **state)' 'static void helper_S100(void **state)' \
        '/* S101 */' 'static void test_XS102_plan__z(void **state)' 'static void test_S1034__z(void **state)'
    put tests/p.spec.ts "test('S227 shows it', async () => {})" 'test.only("S226 and S225", () => {})' 'it.skip("S001", x)' \
        "const text = 'S001'" "it(\`S042 too\`, 1)"
    prints capabilities '5 of 227'
    for row in S007 S042 S225 S226 S227; do prints capabilities "$row"; done
    prints capabilities '      tests/a_test.c: test_S042_plan__x'
    put tests/a_test.c "$licence" 'static void test_S228_plan__x(void **state)'
    fails capabilities 'there is no row S228'
}

test_layers
test_length
test_banned
test_spdx
test_headers
test_capabilities
[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
