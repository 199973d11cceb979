/* SPDX-License-Identifier: Apache-2.0 */
/* What makes the launcher take this for a guest kernel. */
#include "lodger_abi.h"

	.section .note.lodger, "a", @note
	.long	2f - 1f, 4f - 3f, LODGER_NOTE_ABI
1:	.asciz	LODGER_NOTE_NAME
2:	.balign	4
3:	.long	LODGER_ABI_VERSION
4:	.balign	4
	.section .note.GNU-stack, "", @progbits
