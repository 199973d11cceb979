# SPDX-License-Identifier: GPL-2.0
#
# bring_series TREE PATCHES makes TREE carry exactly the patches in PATCHES. The tree remembers
# which ones it has in .lodger-series, so that a changed series costs only the patches from the
# first difference on, and make rebuilds only what they touch.

bring_series() {
	local tree=$1 new=("$2"/*.patch) have=$1/.lodger-series old common=0 i

	if [[ ! -d $have && -d $tree/arch/um/lodger ]]; then
		say "$tree has its own Lodger patches: left as they are"
		return
	fi
	mkdir -p "$have"
	old=("$have"/*.patch)
	while ((common < ${#old[@]} && common < ${#new[@]})) && cmp -s "${old[common]}" "${new[common]}"; do
		common=$((common + 1))
	done
	((common < ${#old[@]} || common < ${#new[@]})) || return 0

	say "bringing $tree to the series of $((${#new[@]})) patches"
	for ((i = ${#old[@]} - 1; i >= common; i--)); do
		apply_patch "$tree" "${old[i]}" --reverse
		rm "${old[i]}"
	done
	for ((i = common; i < ${#new[@]}; i++)); do
		apply_patch "$tree" "${new[i]}" --forward
		# Numbered by place: the names may change while the contents do not.
		cp "${new[i]}" "$have/$(printf %04d "$i").patch"
	done
}

# A trial first, so that a patch that does not fit leaves the tree as it was.
apply_patch() {
	local trial
	for trial in --dry-run --no-backup-if-mismatch; do
		patch -d "$1" -p1 -s --fuzz=0 "$3" "$trial" <"$2" >&2 ||
			die "$(basename "$2") does not fit $1: is this tree changed where the series changes it?"
	done
}
