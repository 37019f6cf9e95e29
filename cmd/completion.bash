# SPDX-License-Identifier: Apache-2.0
# bash completion for xenrun: commands, options and what an option takes are what --help says of them.
# shellcheck shell=bash

# An option's line of --help on standard input as `--name VALUE`, `-n VALUE`.
_xenrun_options() {
	local line
	while IFS= read -r line; do
		[[ $line =~ ^\ +(-(.),\ )?--([^ ]+)(\ ([^ ]+))? ]] || continue
		printf '%s\n' "--${BASH_REMATCH[3]} ${BASH_REMATCH[5]}"
		[ -z "${BASH_REMATCH[2]}" ] || printf '%s\n' "-${BASH_REMATCH[2]} ${BASH_REMATCH[5]}"
	done
}

# What the option named takes; 1 if it is none.
_xenrun_takes() { # OPTION OPTIONS
	local name value
	while read -r name value; do
		[ "$name" != "$1" ] || { printf '%s' "$value" && return; }
	done <<<"$2"
	return 1
}

# Words for a value that --help calls so.
_xenrun_value() { # KIND WORD
	case $1 in
	DIR | PATH) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	FILE | SOCKET) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	LEVEL) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$2") ;;
	MANAGER) mapfile -t COMPREPLY < <(compgen -W 'cgroupfs systemd disabled' -- "$2") ;;
	SIGNAL) mapfile -t COMPREPLY < <(compgen -A signal -- "$2" | grep '^SIG[A-Z0-9+-]*$') ;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	esac
}

_xenrun() {
	local xenrun=$1 word=$2 help options arguments value='' place=0 command='' global=() i
	# The words of the line, with --option=value as two words, which readline has as three.
	local words=() old
	for ((i = 1; i <= COMP_CWORD; i++)); do
		old=${COMP_WORDS[i]}
		[ "$old" = = ] || words+=("$old")
	done
	[ "${COMP_WORDS[COMP_CWORD]}" != = ] || { words+=('') && word=; }
	COMPREPLY=()

	help=$("$xenrun" --help 2>/dev/null) || return
	options=$(_xenrun_options <<<"$help")
	for ((i = 0; i < ${#words[@]} - 1; i++)); do
		if [[ ${words[i]} == -* ]]; then
			value=$(_xenrun_takes "${words[i]}" "$options")
			[ "$value" ] || continue
			i=$((i + 1))
			[ $i -lt $((${#words[@]} - 1)) ] || { _xenrun_value "$value" "$word" && return; }
			[ "${words[i - 1]}" != --root ] || global=(--root "${words[i]}")
		elif [ -z "$command" ]; then
			command=${words[i]}
			help=$("$xenrun" "$command" --help 2>/dev/null) || return
			options=$(_xenrun_options <<<"$help")
		else
			place=$((place + 1))
		fi
	done

	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d ' ' -f 1 <<<"$options")" -- "$word")
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help")" -- "$word")
	else
		# Usage: xenrun kill [OPTIONS] ID [SIGNAL]
		read -ra arguments <<<"$(sed -n 's/^Usage: [^]]*\] *//p' <<<"$help" | tr -d '[]')"
		case ${arguments[place]-} in
		ID) mapfile -t COMPREPLY < <(compgen -W "$("$xenrun" "${global[@]}" list --quiet 2>/dev/null)" -- "$word") ;;
		*) _xenrun_value "${arguments[place]-}" "$word" ;;
		esac
	fi
}
complete -F _xenrun xenrun
