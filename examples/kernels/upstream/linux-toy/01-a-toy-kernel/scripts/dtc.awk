# A device tree compiler: puts includes in place, and writes down which there were.
function read(path,   line, dir, name) {
	files = files " " path; dir = path; sub(/[^\/]*$/, "", dir)
	while ((getline line < path) > 0) {
		if (match(line, /^#include "[^"]+"/)) { name = substr(line, 11, RLENGTH - 11); read(dir name) }
		else if (line !~ /^[ \t]*\/\//) print line
	}
	close(path)
}
BEGIN { print "toy dtb"; read(ARGV[1]); print ARGV[1] ":" files > depends; exit 0 }
