# SPDX-License-Identifier: GPL-2.0
#
# progress WHAT TOTAL reads the output of make and shows how far it is: every line is a step. With
# a TOTAL of 0 nobody knows how many there will be. On a terminal the line is rewritten in place;
# in a log there is one every half a minute.

progress() {
	local what=$1 total=$2 count=0 shown=-1 line tick
	while IFS= read -r line; do
		[[ $line == "  "* ]] || continue
		count=$((count + 1))
		tick=$SECONDS
		[[ -t 2 ]] || tick=$((SECONDS / 30))
		((tick != shown)) || continue
		shown=$tick
		report_progress
	done
	report_progress
	[[ ! -t 2 ]] || echo >&2
}

report_progress() {
	local part="$count steps" before= after=$'\n'
	((total == 0)) || part="$count of about $total steps"
	[[ ! -t 2 ]] || before=$'\r\e[K' after=
	printf '%skernel: %s: %s, %d:%02d%s' "$before" "$what" "$part" \
		$((SECONDS / 60)) $((SECONDS % 60)) "$after" >&2
}
