/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults and mappings. */
#include "micro.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 1024

static void fresh_page(long n)
{
	char *p = anonymous(n * PAGE);

	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++)
		p[i * PAGE] = 1;
	munmap(p, n * PAGE);
}

#define PLACES 16384		/* pages: 64 MiB */

/* One here, one there, so that nothing done for neighbours helps. The generator visits each place once. */
static void random_page(long n)
{
	char *p = anonymous(PLACES * PAGE);
	unsigned int place = n;

	madvise(p, PLACES * PAGE, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++) {
		place = (place * 1597 + 51749) % PLACES;
		p[place * PAGE] = 1;
	}
	munmap(p, PLACES * PAGE);
}

static int file = -1;

static void open_file(long arg)
{
	static const char page[PAGE] = { 1 };

	(void)arg;
	file = open("/tmp/micro-pages", O_CREAT | O_RDWR | O_TRUNC, 0600);
	must(file >= 0, "/tmp/micro-pages");
	unlink("/tmp/micro-pages");
	for (int i = 0; i < PAGES; i++)
		must(write(file, page, PAGE) == PAGE, "write");
}

static void close_file(void)
{
	close(file);
}

static char *map_file(long n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

static void file_page(long n)
{
	volatile char *p = map_file(n);

	for (long i = 0; i < n; i++)
		(void)p[i * PAGE];
	munmap((void *)p, n * PAGE);
}

static void copied_page(long n)
{
	char *p = map_file(n);

	for (long i = 0; i < n; i++)
		p[i * PAGE] = 2;
	munmap(p, n * PAGE);
}

static void protect_pair(long n)
{
	static volatile char *p;

	if (!p)
		p = anonymous(PAGE);
	while (n--) {
		mprotect((void *)p, PAGE, PROT_READ);
		mprotect((void *)p, PAGE, PROT_READ | PROT_WRITE);
		p[0] = 1;
	}
}

static void map_touch_unmap(long n)
{
	while (n--) {
		char *p = anonymous(16 * PAGE);

		p[0] = 1;
		p[8 * PAGE] = 1;
		munmap(p, 16 * PAGE);
	}
}

const struct row memory_rows[] = {
	{ "fresh-page", fresh_page, NS, -1, .batch = PAGES },
	{ "random-page", random_page, NS, -1, .batch = PAGES / 2 },
	{ "file-page", file_page, NS, -1, open_file, close_file, PAGES },
	{ "copy-on-write-page", copied_page, NS, -1, open_file, close_file, PAGES },
	{ "mprotect-pair-touch", protect_pair, NS, -1 },
	{ "mmap-touch-munmap", map_touch_unmap, NS, -1 },
	{ NULL },
};
