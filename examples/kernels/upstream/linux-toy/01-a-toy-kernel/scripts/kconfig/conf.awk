# Gives the symbols of kconfig.awk values and writes them out: .config, and what make and compilers read of it.

# Expressions: `||`, `&&`, `!`, `=`, `!=`, parentheses, symbols, quoted constants. 0 is n, 1 is m, 2 is y.
function lex(text) {
	tokens = 0; at = 1
	while (text != "") {
		if (match(text, /^[ \t]+/)) { text = substr(text, RLENGTH + 1); continue }
		if (!match(text, /^("[^"]*"|\|\||&&|!=|=|!|\(|\)|[A-Za-z0-9_.-]+)/)) { print "Kconfig: bad expression: " text > "/dev/stderr"; failed = 1; exit 1 }
		token[++tokens] = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
	}
	token[tokens + 1] = ""
}
function number(text) { return text == "y" ? 2 : text == "m" ? 1 : 0 }
function text_of(word) {
	if (word ~ /^"/) return substr(word, 2, length(word) - 2)
	return word in depends ? value[word] : word
}
function either(   a, b) { a = all(); while (token[at] == "||") { at++; b = all(); if (b > a) a = b } return a }
function all(   a, b) { a = one(); while (token[at] == "&&") { at++; b = one(); if (b < a) a = b } return a }
function one(   a, word) {
	word = token[at++]
	if (word == "!") return 2 - one()
	if (word == "(") { a = either(); at++; return a }
	if (token[at] == "=") { at += 2; return text_of(word) == text_of(token[at - 1]) ? 2 : 0 }
	if (token[at] == "!=") { at += 2; return text_of(word) != text_of(token[at - 1]) ? 2 : 0 }
	return number(text_of(word))
}
function holds(text) { if (text == "") return 2; lex(text); return either() }
function least(a, b) { return a < b ? a : b }

function read_config(path,   line, name) {
	while ((getline line < path) > 0) {
		if (line ~ /^CONFIG_[A-Za-z0-9_]+=/) {
			name = substr(line, 8, index(line, "=") - 8); given[name] = substr(line, index(line, "=") + 1)
		} else if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set/) {
			split(line, word, " "); given[substr(word[2], 8)] = "n"
		}
	}
	close(path)
}

# The value that a symbol has as things stand; called until nothing moves.
function settle(name,   dep, sees, want, i, allowed, by) {
	dep = holds(depends[name])
	sees = name in prompted ? least(dep, holds(prompt[name])) : 0
	visible[name] = sees
	if (type[name] != "bool" && type[name] != "tristate") {
		if (sees && name in given) return unquoted(given[name])
		if (dep) for (i = 1; i <= defaults[name]; i++) if (holds(default_if[name, i])) return text_of(default_value[name, i])
		return type[name] == "int" ? "0" : ""
	}
	if (sees && name in given) want = least(number(given[name]), sees)
	else if (sees && mode == "allyesconfig") want = sees
	else if (sees && mode == "allmodconfig") want = type[name] == "tristate" ? 1 : sees
	else if (sees && mode == "allnoconfig") want = 0
	else for (i = 1; i <= defaults[name]; i++) if (holds(default_if[name, i])) { want = least(holds(default_value[name, i]), dep); break }
	for (i = 1; i <= selected[name]; i++) {
		by = least(number(value[selector[name, i]]), holds(selector_if[name, i]))
		if (by > want) want = by
		if (by > visible[name]) visible[name] = by
	}
	allowed = type[name] == "tristate" && value["MODULES"] == "y"
	if (want == 1 && !allowed) want = 2
	return want == 2 ? "y" : want == 1 ? "m" : "n"
}

function shown(name) { return type[name] == "string" ? "\"" value[name] "\"" : value[name] }
function is_on(name) { return type[name] == "bool" || type[name] == "tristate" ? value[name] != "n" : visible[name] || (value[name] != "" && value[name] != "0") }
function dot_config(   i, kind, name, text) {
	text = "#\n# Automatically generated file; DO NOT EDIT.\n# " mainmenu "\n#\n"
	for (i = 1; i <= items; i++) {
		kind = substr(order[i], 1, 1); name = substr(order[i], 2)
		if (kind == "+") text = text "\n#\n# " name "\n#\n"
		else if (kind == "-") text = text "# end of " name "\n"
		else if (is_on(name)) text = text "CONFIG_" name "=" shown(name) "\n"
		else if (visible[name]) text = text "# CONFIG_" name " is not set\n"
	}
	return text
}
function slurp(path,   line, text) { while ((getline line < path) > 0) text = text line "\n"; close(path); return text }

function write_auto(   i, name, line, old, file) {
	file = "include/config/auto.conf"
	while ((getline line < file) > 0) if (line ~ /^CONFIG_/) old[substr(line, 8, index(line, "=") - 8)] = substr(line, index(line, "=") + 1)
	close(file)
	for (i = 1; i <= items; i++) {
		name = substr(order[i], 2)
		if (substr(order[i], 1, 1) != "=") continue
		line = is_on(name) ? shown(name) : ""
		if (line != old[name]) { printf "" > ("include/config/" name); close("include/config/" name) }
		if (line == "") continue
		auto = auto "CONFIG_" name "=" line "\n"
		header = header "#define CONFIG_" name (line == "m" ? "_MODULE" : "") " " (line == "y" || line == "m" ? "1" : line) "\n"
	}
	printf "%s", header > "include/generated/autoconf.h"
	file = "include/config/auto.conf.cmd"
	printf "deps_config := \\\n" > file
	for (i = file_count; i > 0; i--) printf "\t%s%s\n", files[i], (i > 1 ? " \\" : "") > file
	printf "\ninclude/config/auto.conf: \\\n\t$(deps_config)\n\n" > file
	for (name in used) printf "ifneq \"$(%s)\" \"%s\"\ninclude/config/auto.conf: FORCE\nendif\n", name, ENVIRON[name] > file
	printf "\n$(deps_config): ;\n" > file
	close(file)
	printf "#\n# Automatically generated file; DO NOT EDIT.\n#\n%s", auto > "include/config/auto.conf"
}

BEGIN {
	srctree = ENVIRON["srctree"]
	level = 0; enclosing[0] = ""
	source("Kconfig")
	read_config(input)
	for (round = 1; round <= 20; round++) {
		moved = 0
		for (i = 1; i <= items; i++) {
			if (substr(order[i], 1, 1) != "=") continue
			name = substr(order[i], 2); next_value = settle(name)
			if (next_value != value[name]) { value[name] = next_value; moved = 1 }
		}
		if (!moved) break
	}
	text = dot_config()
	if (text == slurp(config)) { if (mode != "syncconfig") printf "#\n# No change to %s\n#\n", config }
	else { printf "%s", text > config; close(config); printf "#\n# configuration written to %s\n#\n", config }
	if (mode == "syncconfig") write_auto()
	exit failed
}
