# Reads Kconfig files: symbols with types, prompts, dependencies, defaults and selects. Gives no symbol a value.
#
# order[1..items]: `=NAME` a symbol, `+TITLE` a menu begins, `-TITLE` it ends. Of a symbol: type, prompt (a condition, where
# it has one), depends; and, counted, its defaults (value, condition) and its selectors (symbol, condition).

function width(text,   i, at) { # of its indentation
	at = 0
	for (i = 1; i <= length(text); i++) {
		if (substr(text, i, 1) == " ") at++
		else if (substr(text, i, 1) == "\t") at = int(at / 8) * 8 + 8
		else break
	}
	return at
}
function expand(text,   name) {
	while (match(text, /\$\([A-Z_]+\)/)) {
		name = substr(text, RSTART + 2, RLENGTH - 3)
		used[name] = 1
		text = substr(text, 1, RSTART - 1) ENVIRON[name] substr(text, RSTART + RLENGTH)
	}
	return text
}
function both(a, b) { return a == "" ? b : b == "" ? a : "(" a ") && (" b ")" }
# Splits `value if condition`, and leaves the condition in `condition`.
function before_if(text) {
	condition = ""
	if (match(text, / if [^"]*$/)) {
		condition = substr(text, RSTART + 4)
		text = substr(text, 1, RSTART - 1)
	}
	return text
}
function unquoted(text) { gsub(/^[ \t]*"|"[ \t]*$/, "", text); return text }
function set_type(kind, rest) {
	type[cur] = kind
	if (rest != "") { before_if(rest); prompted[cur] = 1; prompt[cur] = condition }
}
function add_default(text) {
	text = before_if(text)
	defaults[cur]++; default_value[cur, defaults[cur]] = text; default_if[cur, defaults[cur]] = condition
}
function begin_symbol(name) {
	cur = name; menu = 0
	if (!(name in depends)) { order[++items] = "=" name; depends[name] = "" }
	depends[name] = both(depends[name], enclosing[level])
}
function source_all(pattern,   command, path, paths, count, i) {
	if (pattern !~ /[*?]/) { source(pattern); return }
	command = "cd \"" srctree "\" && LC_ALL=C ls -d " pattern " 2>/dev/null"
	while ((command | getline path) > 0) paths[++count] = path
	close(command)
	for (i = 1; i <= count; i++) source(paths[i])
}
function source(path,   line, word, rest, help_width, helping, full, this) {
	full = srctree "/" path
	files[++file_count] = path
	if ((getline line < full) < 0) { print "Kconfig: can't open file \"" path "\"" > "/dev/stderr"; failed = 1; exit 1 }
	do {
		if (helping) {
			if (line ~ /^[ \t]*$/) continue
			if (help_width < 0) help_width = width(line)
			if (width(line) >= help_width && help_width > 0) continue
			helping = 0
		}
		if (line ~ /^[ \t]*(#.*)?$/) continue
		line = expand(line)
		word = line; sub(/^[ \t]+/, "", word); rest = word
		sub(/[ \t].*$/, "", word); sub(/^[^ \t]+[ \t]*/, "", rest)
		if (word == "config" || word == "menuconfig") begin_symbol(rest)
		else if (word == "bool" || word == "tristate" || word == "string" || word == "int" || word == "hex") set_type(word, rest)
		else if (word == "def_bool" || word == "def_tristate") { set_type(substr(word, 5), ""); add_default(rest) }
		else if (word == "prompt") { before_if(rest); prompted[cur] = 1; prompt[cur] = condition }
		else if (word == "default") add_default(rest)
		else if (word == "depends") {
			sub(/^on[ \t]+/, "", rest)
			if (menu) enclosing[level] = both(enclosing[level], rest)
			else depends[cur] = both(depends[cur], rest)
		}
		else if (word == "select") {
			rest = before_if(rest)
			selected[rest]++; selector[rest, selected[rest]] = cur; selector_if[rest, selected[rest]] = condition
		}
		else if (word == "help" || word == "---help---") { helping = 1; help_width = -1 }
		else if (word == "menu") { level++; enclosing[level] = enclosing[level - 1]; title[level] = unquoted(rest); order[++items] = "+" title[level]; menu = 1 }
		else if (word == "endmenu") { order[++items] = "-" title[level]; level--; menu = 0 }
		else if (word == "if") { level++; enclosing[level] = both(enclosing[level - 1], rest) }
		else if (word == "endif") level--
		else if (word == "source") { this = unquoted(rest); source_all(this); cur = "" }
		else if (word == "mainmenu") { mainmenu = unquoted(rest) }
		else if (word != "comment" && word != "modules") {
			print path ": syntax error: unknown statement \"" word "\"" > "/dev/stderr"; failed = 1; exit 1
		}
	} while ((getline line < full) > 0)
	close(full)
}
