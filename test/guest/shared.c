/* SPDX-License-Identifier: Apache-2.0 */
/* One page seen by several processes, at several addresses, through several kinds of memory. */
#include "check.h"
#include <fcntl.h>
#include <sys/shm.h>

#define WORDS (PAGE / 8)

/* Two aliases in one process: a store through one is at once seen through the other. */
static void aliases(int fd)
{
	volatile uint64_t *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile uint64_t *b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(a != MAP_FAILED && b != MAP_FAILED && a != b, "two mappings");
	for (unsigned long i = 0; i < WORDS; i++) {
		a[i] = i * 3;
		CHECK(b[i] == i * 3, "alias differs at %lu", i);
		b[i] = i * 5;
		CHECK(a[i] == i * 5, "alias differs at %lu on the way back", i);
	}
	uint64_t out;
	CHECK(pread(fd, &out, 8, 80) == 8 && out == 50, "read() of a mapped page");
	out = 4711;
	CHECK(pwrite(fd, &out, 8, 80) == 8 && a[10] == 4711, "write() to a mapped page");
}

/* Two processes increase one word in turn. */
static void turns(volatile uint64_t *word)
{
	word[0] = 0;
	pid_t pid = fork();
	for (int i = 0; i < 1000; i++) {
		while ((word[0] & 1) != (pid == 0))
			usleep(1);
		word[0]++;
	}
	if (!pid)
		_exit(0);
	reap_good(pid);
	CHECK(word[0] == 2000, "%lu turns of 2000", (long)word[0]);
}

/* Atomic operations under preemption. */
static void atomics(uint64_t *word)
{
	pid_t pids[4];

	*word = 0;
	for (int i = 0; i < 4; i++)
		if (!(pids[i] = fork())) {
			for (int j = 0; j < 200000; j++)
				__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		reap_good(pids[i]);
	CHECK(*word == 800000, "%lu increments of 800000", (long)*word);
}

int main(void)
{
	int fd = memfd_create("shared", 0);
	CHECK(fd >= 0 && !ftruncate(fd, PAGE), "memfd");
	aliases(fd);
	FILE *file = tmpfile();
	CHECK(file && !ftruncate(fileno(file), PAGE), "temporary file");
	aliases(fileno(file));
	uint64_t *anonymous = map_shared(PAGE);
	turns(anonymous);
	atomics(anonymous);
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	if (id < 0 && errno == ENOSYS) {
		puts("no System V shared memory in this kernel");
		return 0;
	}
	CHECK(id >= 0, "shmget");
	uint64_t *sysv = shmat(id, NULL, 0);
	CHECK(sysv != (void *)-1, "shmat");
	shmctl(id, IPC_RMID, NULL);
	turns(sysv);
	atomics(sysv);
	return 0;
}
