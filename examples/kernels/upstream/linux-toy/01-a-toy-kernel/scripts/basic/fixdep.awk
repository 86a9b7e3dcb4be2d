# Turns what a compiler said of its dependencies into a `.cmd` file. A file that names a CONFIG_ symbol depends on the file
# of that symbol below include/config, and no object on all of include/generated/autoconf.h.
function option(name) {
	sub(/_MODULE$/, "", name)
	if (name != "" && !(name in seen)) { seen[name] = 1; printf "    $(wildcard include/config/%s) \\\n", name }
}
function scan(path,   line) {
	while ((getline line < path) > 0)
		while (match(line, /CONFIG_[A-Za-z0-9_]+/)) {
			if (RSTART == 1 || substr(line, RSTART - 1, 1) !~ /[A-Za-z0-9_]/) option(substr(line, RSTART + 7, RLENGTH - 7))
			line = substr(line, RSTART + RLENGTH)
		}
	close(path)
}
{ sub(/^[^:]*:/, ""); sub(/\\$/, ""); for (i = 1; i <= NF; i++) if ($i != "" && !($i in known)) { known[$i] = 1; file[++files] = $i } }
END {
	printf "cmd_%s := %s\n\nsource_%s := %s\n\ndeps_%s := \\\n", target, command, target, source, target
	for (i = 1; i <= files; i++) {
		if (file[i] == "include/generated/autoconf.h" || file[i] == "./include/generated/autoconf.h") continue
		if (file[i] != source) printf "  %s \\\n", file[i]
		scan(file[i])
	}
	printf "\n%s: $(deps_%s)\n\n$(deps_%s):\n", target, target, target
}
