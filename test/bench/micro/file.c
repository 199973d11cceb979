/* SPDX-License-Identifier: Apache-2.0 */
/* Files on a tmpfs: the system's own part of file access, without a disk. */
#include "micro.h"

#include <fcntl.h>
#include <unistd.h>

static void create_unlink(long n)
{
	while (n--) {
		int fd = open("/tmp/micro", O_CREAT | O_RDWR, 0600);

		must(fd >= 0, "/tmp/micro");
		close(fd);
		unlink("/tmp/micro");
	}
}

#define LENGTH (8 * MIB)
static char buf[128 * KIB];
static int file = -1;

static void open_file(long arg)
{
	(void)arg;
	file = open("/tmp/micro-file", O_CREAT | O_RDWR | O_TRUNC, 0600);
	must(file >= 0, "/tmp/micro-file");
	unlink("/tmp/micro-file");
	for (size_t at = 0; at < LENGTH; at += sizeof(buf))
		must(write(file, buf, sizeof(buf)) == sizeof(buf), "write");
}

static void close_file(void)
{
	close(file);
}

static void re_read(long n)
{
	for (size_t at = 0; at < n * MIB; at += sizeof(buf))
		must(pread(file, buf, sizeof(buf), at % LENGTH) == sizeof(buf), "read");
}

const struct row file_rows[] = {
	{ "create-unlink-tmpfs", create_unlink, NS, -1 },
	{ "file-re-read", re_read, MB_PER_S, -1, open_file, close_file },
	{ NULL },
};
