/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest kernel that does one thing, named by its command line: off, panic, reboot, sleep, or
 * trap. It says whether its memory was clean when it started.
 */
#include "lodger_abi.h"

#define MARK ((volatile __u64 *)(LODGER_RAM_BASE + 0x200000))

__attribute__((section(".note.lodger"), used)) static const struct {
	__u32 name_size, descriptor_size, type;
	char name[8];
	__u32 version;
} note = {7, 4, LODGER_NOTE_ABI, LODGER_NOTE_NAME, LODGER_ABI_VERSION};

static void say(const struct lodger_hypercalls *host, const char *text)
{
	__u64 length = 0;

	while (text[length])
		length++;
	host->console_write(text, length);
}

void _start(struct lodger_boot_info *boot, const struct lodger_hypercalls *host)
{
	const char *wish = (const char *)(LODGER_CONTROL + LODGER_CONTROL_CMDLINE);

	say(host, *MARK || boot->ram_size != 32 << 20 ? "dirty\n" : "clean\n");
	*MARK = 1;
	switch (*wish) {
	case 'o':
		host->shutdown(LODGER_EXIT_POWEROFF);
	case 'p':
		host->shutdown(LODGER_EXIT_PANIC);
	case 'r':
		host->shutdown(LODGER_EXIT_REBOOT);
	case 't':
		__builtin_trap();
	}
	for (;;)
		host->idle();
}
