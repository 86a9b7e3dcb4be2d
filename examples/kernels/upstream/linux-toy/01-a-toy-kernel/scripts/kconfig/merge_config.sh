#!/bin/sh
# merge_config.sh [-m] [-n] [-r] [-Q] [-s] [-O DIR] BASE FRAGMENT...
# Puts fragments onto a configuration: of two values of one symbol the later wins, and what did not take is told.
#   -m  merge only, make no full configuration    -n  what nobody says is n, not the default
#   -r  tell of values that are said twice alike   -Q  tell nothing of values that are said twice
#   -s  a value that did not take is an error      -O  where the result goes
usage() { sed -n '2,6s/^# //p' "$0"; }
output=. target=alldefconfig merge_only='' redundant='' quiet='' strict=''
while [ $# -gt 0 ]; do
	case $1 in
	-h) usage; exit ;;
	-m) merge_only=1 ;;
	-n) target=allnoconfig ;;
	-r) redundant=1 ;;
	-Q) quiet=1 ;;
	-s) strict=1 ;;
	-O)
		output=$2
		if [ ! -d "$output" ]; then echo "output directory $output does not exist" >&2; exit 1; fi
		shift ;;
	*) break ;;
	esac
	shift
done
if [ $# -lt 1 ]; then usage; exit 1; fi
for file; do
	if [ ! -r "$file" ]; then echo "The merge file '$file' does not exist.  Exit." >&2; exit 1; fi
done
merged=$(mktemp "${TMPDIR:-/tmp}/toy-config.XXXXXX") || exit 1
trap 'rm -f "$merged"' EXIT
echo "Using $1 as base"
"${AWK:-awk}" -v merged="$merged" -v redundant="$redundant" -v quiet="$quiet" '
function key(line) {
	if (line ~ /^CONFIG_[A-Za-z0-9_]+=/) return substr(line, 1, index(line, "=") - 1)
	if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set/) { split(line, word, " "); return word[2] }
	return ""
}
FNR == 1 { files++; if (files > 1) print "Merging " FILENAME }
{
	name = key($0)
	if (name == "") next
	if (!(name in line)) names[++count] = name
	else if (files > 1 && !quiet && line[name] != $0)
		printf "Value of %s is redefined by fragment %s:\nPrevious value: %s\nNew value: %s\n\n", name, FILENAME, line[name], $0
	else if (files > 1 && !quiet && redundant)
		printf "Value of %s is redundant by fragment %s:\n", name, FILENAME
	line[name] = $0
}
END { for (i = 1; i <= count; i++) print line[names[i]] > merged }
' "$@" || exit 1
config=${KCONFIG_CONFIG:-$output/.config}
if [ -n "$merge_only" ]; then
	cp "$merged" "$config" && echo "#" && echo "# merged configuration written to $config (needs make)" && echo "#"
	exit
fi
if [ "$output" = . ]; then
	make KCONFIG_ALLCONFIG="$merged" "$target" || exit 1
else
	make KCONFIG_ALLCONFIG="$merged" O="$output" "$target" || exit 1
fi
"${AWK:-awk}" -v strict="$strict" '
function key(line) {
	if (line ~ /^CONFIG_[A-Za-z0-9_]+=/) return substr(line, 1, index(line, "=") - 1)
	if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set/) { split(line, word, " "); return word[2] }
	return ""
}
FNR == 1 { files++ }
key($0) == "" { next }
files == 1 { actual[key($0)] = $0; next }
actual[key($0)] != $0 && !($0 ~ / is not set/ && !(key($0) in actual)) {
	printf "Value requested for %s not in final .config\nRequested value:  %s\nActual value:     %s\n\n", key($0), $0, actual[key($0)]
	bad = 1
}
END { exit strict && bad }
' "$config" "$merged"
