#!/bin/sh
# gen_tar.sh DIRECTORY FORMAT: installs the self-tests there and packs them: `.gz`, `.xz`, or nothing for a plain tar.
set -e
mkdir -p "$1/kselftest-packages"
for test in "$srctree"/tools/testing/selftests/*/run.sh; do
	name=${test%/run.sh}
	mkdir -p "$1/${name##*/}"
	cp "$test" "$1/${name##*/}/"
done
case $2 in .xz) how=-J ;; .gz) how=-z ;; *) how= ;; esac
# shellcheck disable=SC2086
tar -C "$1" --exclude=./kselftest-packages --sort=name --mtime=@0 --owner=0 --group=0 $how -cf "$1/kselftest-packages/kselftest.tar$2" .
