#!/bin/sh
# conf.sh MODE [FILE]: makes a configuration, in one of the ways that the goals of make are named after.
mode=$1
config=${KCONFIG_CONFIG:-.config}
case $mode in
defconfig) input=$2 ;;
olddefconfig) input=$config ;;
syncconfig) input=$config; mkdir -p include/config include/generated ;;
*) input=$KCONFIG_ALLCONFIG
	if [ -n "$input" ] && [ ! -r "$input" ]; then
		echo "*** Can't read seed configuration \"$input\"!" >&2
		exit 1
	fi ;;
esac
[ -r "$input" ] || input=/dev/null
exec "${AWK:-awk}" -f "$srctree/scripts/kconfig/kconfig.awk" -f "$srctree/scripts/kconfig/conf.awk" \
	-v mode="$mode" -v input="$input" -v config="$config" </dev/null
