/* SPDX-License-Identifier: Apache-2.0 */
/* What a process may read about itself and others agrees with what it knows. */
#include "check.h"
#include <fcntl.h>
#include <sys/uio.h>
#include <sys/utsname.h>

static char *text(const char *path)
{
	static char buf[1 << 16];
	int fd = open(path, O_RDONLY), n, have = 0;

	CHECK(fd >= 0, "open %s", path);
	while ((n = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0)
		have += n;
	buf[have] = 0;
	close(fd);
	return buf;
}

int main(int argc, char **argv)
{
	struct utsname name;
	unsigned long start, end;
	char *line;

	CHECK(!uname(&name) && !strcmp(name.machine, "x86_64"), "machine %s", name.machine);

	/* No mapping reaches into the kernel's window. */
	for (line = strtok(text("/proc/self/maps"), "\n"); line; line = strtok(NULL, "\n")) {
		CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2, "maps: %s", line);
		CHECK(end <= 0x800000000000 || strstr(line, "vsyscall"), "maps: %s", line);
	}
	CHECK(strstr(text("/proc/self/status"), "State:\tR"), "status");
	CHECK(strlen(text("/proc/self/cmdline")) == strlen(argv[0]), "cmdline %s", text("/proc/self/cmdline"));
	CHECK(strstr(text("/proc/meminfo"), "MemTotal:"), "meminfo");
	CHECK(strstr(text("/proc/cpuinfo"), "processor\t: 0"), "cpuinfo");
	CHECK(strstr(text("/proc/stat"), "cpu0 "), "stat");

	/* Another process's memory, by process_vm_readv and by /proc/PID/mem. */
	static volatile char secret[PAGE];
	char got[32] = "";
	int ready[2], go[2];
	char c;
	CHECK(!pipe(ready) && !pipe(go), "pipe");
	pid_t pid = fork();
	if (!pid) {
		strcpy((char *)secret, "the child's own text");
		CHECK(write(ready[1], "x", 1) == 1 && read(go[0], &c, 1) == 1, "pipe");
		CHECK(secret[0] == 'T', "the store from outside is missing");
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1, "read");
	struct iovec here = { got, sizeof(got) }, there = { (void *)secret, sizeof(got) };
	CHECK(process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(got) || errno == ENOSYS,
	      "process_vm_readv");
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	int fd = open(path, O_RDWR);
	CHECK(fd >= 0 && pread(fd, got, sizeof(got), (uintptr_t)secret) == sizeof(got), "%s", path);
	CHECK(!strcmp(got, "the child's own text"), "read '%s'", got);
	CHECK(pwrite(fd, "T", 1, (uintptr_t)secret) == 1, "write to %s", path);
	CHECK(!secret[0], "the store landed here");
	CHECK(write(go[1], "x", 1) == 1, "write");
	reap_good(pid);
	return 0;
}
