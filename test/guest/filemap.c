/* SPDX-License-Identifier: Apache-2.0 */
/* Files through mmap: stores reach the file, writes reach the mapping, private pages stay private. */
#include "check.h"
#include <fcntl.h>

#define PAGES 64

static const char *path = "filemap.tmp";

static void verify_file(int fd, int tag)
{
	char c;

	for (int i = 0; i < PAGES; i++)
		CHECK(pread(fd, &c, 1, i * PAGE + i) == 1 && c == (char)(tag + i), "file page %d", i);
}

static void verify_map(const volatile char *map, int tag, const char *what)
{
	for (int i = 0; i < PAGES; i++)
		CHECK(map[i * PAGE + i] == (char)(tag + i), "%s: page %d", what, i);
}

static void store(volatile char *map, int tag)
{
	for (int i = 0; i < PAGES; i++)
		map[i * PAGE + i] = tag + i;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		path = argv[1];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, PAGES * PAGE), "create %s", path);
	char *shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED, "mmap");

	for (int round = 0; round < 20; round++) {
		store(shared, round);
		verify_file(fd, round);
		CHECK(!msync(shared, PAGES * PAGE, MS_SYNC), "msync");
		/* After write-back pages are clean: the next store must be noticed again. */
	}
	verify_map(private, 19, "untouched private pages follow the file");

	store(private, 100);
	verify_map(shared, 19, "shared pages after private stores");
	verify_file(fd, 19);
	for (int i = 0; i < PAGES; i++) {
		char c = 50 + i;
		CHECK(pwrite(fd, &c, 1, i * PAGE + i) == 1, "pwrite");
	}
	verify_map(shared, 50, "shared pages after write()");
	verify_map(private, 100, "private pages after write()");

	pid_t pid = fork();
	if (!pid) {
		store(shared, 70);
		_exit(0);
	}
	reap_good(pid);
	verify_file(fd, 70);

	/* Back from the disk, not from the cache. */
	CHECK(!msync(shared, PAGES * PAGE, MS_SYNC) && !fsync(fd), "sync");
	munmap(shared, PAGES * PAGE);
	munmap(private, PAGES * PAGE);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	verify_file(fd, 70);
	close(fd);
	fd = open(path, O_RDONLY);
	char *again = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(again != MAP_FAILED, "mmap again");
	verify_map(again, 70, "mapped again");

	/* Cutting the file unmaps: the pages beyond are gone for everyone. */
	CHECK(!truncate(path, PAGE), "truncate");
	int p[2];
	CHECK(!pipe(p), "pipe");
	CHECK(write(p[1], again + PAGE, 1) == -1 && errno == EFAULT, "a page beyond the end");
	CHECK(again[0] == 70, "the page before the end");
	unlink(path);
	return 0;
}
