/* SPDX-License-Identifier: Apache-2.0 */
#include "slot.h"
#include "title.h"

#define LINE_SIZE (TITLE_PAGE_SIZE / 2)
#define SPAWNER_LINE ((char *)TITLE_PAGE)
#define USER_LINE ((char *)TITLE_PAGE + LINE_SIZE)

static const char *title, *name;

void title_init(const char *argument)
{
	title = argument;
	for (name = title; *name && *name != ':'; name++)
		;
	name += *name == ':';
}

/* Puts as much of a string as fits in front of a last zero byte; returns where it ends. */
static unsigned long put(char *to, unsigned long at, unsigned long size, const char *s)
{
	while (*s && at < size - 1)
		to[at++] = *s++;
	to[at] = 0;
	return at;
}

static void write_short(char *text, const char *role)
{
	unsigned long n = put(text, 0, TITLE_SHORT_SIZE, role);

	n = put(text, n, TITLE_SHORT_SIZE, ":");
	put(text, n, TITLE_SHORT_SIZE, name);
}

void title_short(const char *role)
{
	char text[TITLE_SHORT_SIZE];

	write_short(text, role);
	sys2(__NR_prctl, PR_SET_NAME, text);
}

static void write_line(char *line, const char *role)
{
	put(line, put(line, 0, LINE_SIZE / 2, title) + 1, LINE_SIZE, role);
}

/* A host without CONFIG_CHECKPOINT_RESTORE refuses, and shows the short name instead. */
static void show_line(const char *line)
{
	const char *role = line + strlen(line) + 1;
	__u64 start = U(line), end = U(role) + strlen(role) + 1;
	/* Besides the arguments this is for /proc, too. The host insists on order. */
	struct prctl_mm_map map = {
		.start_code = start, .end_code = end, .start_data = start, .end_data = end,
		.start_brk = end, .brk = end, .start_stack = end,
		.arg_start = start, .arg_end = end, .env_start = end, .env_end = end,
		.exe_fd = -1,
	};

	sys5(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

void title_spawner(void)
{
	title_short("spawner");
	/* Not shared memory: the host reads no command line there. */
	if (sys_mmap(TITLE_PAGE, TITLE_PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != TITLE_PAGE)
		die(LODGER_EXIT_INTERNAL, "cannot map a page", 0);
	write_line(SPAWNER_LINE, "spawner");
	write_line(USER_LINE, "user");
	write_short((char *)TITLE_MAPPER, "mapper");
	/* Guest programs may read it, and no more. */
	sys3(__NR_mprotect, TITLE_PAGE, TITLE_PAGE_SIZE, PROT_READ);
	show_line(SPAWNER_LINE);
}

void title_user(void)
{
	title_short("user");
	show_line(USER_LINE);
}
