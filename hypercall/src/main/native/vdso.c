/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/elf.h>
#include "shadow.h"
#include "slot.h"
#include "vdso.h"

__u64 host_clock;

static int (*vdso_clock_gettime)(int clock, struct __kernel_timespec *ts);
static __u64 vdso_size;
static int stray;		/* there is one, but not at HOST_VDSO */

static __u64 hex(const char **s)
{
	__u64 n = 0;

	for (;; ++*s) {
		if (**s >= '0' && **s <= '9')
			n = n * 16 + **s - '0';
		else if (**s >= 'a' && **s <= 'f')
			n = n * 16 + **s - 'a' + 10;
		else
			return n;
	}
}

/*
 * Moves what a line of /proc/self/maps tells of, if it belongs to the vDSO that is at addr: its
 * data ([vvar...]) lies in front of it, and it looks for them there. Returns 0 if it could not.
 */
static int move_line(const char *line, __u64 addr)
{
	__u64 start = hex(&line), to = start - addr + HOST_VDSO, size;

	line++;
	size = hex(&line) - start;
	while (*line && *line != '[')
		line++;
	if (line[0] != '[' || line[1] != 'v' || (line[2] != 'd' && line[2] != 'v'))
		return 1;
	if (to < HOST_TIME || size > HOST_TIME_END - to)
		return 0;
	if (start == addr)
		vdso_size = size;
	return sys5(__NR_mremap, start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to;
}

static int move(__u64 addr)
{
	static char maps[4096];
	char *line = maps, *end = maps;
	long fd = sys3(__NR_openat, -1, "/proc/self/maps", 0), n;
	int moved = 1;

	while ((n = sys3(__NR_read, fd, end, maps + sizeof(maps) - 1 - end)) > 0)
		end += n;
	sys1(__NR_close, fd);
	for (char *c = maps; c < end; c++) {
		if (*c != '\n')
			continue;
		*c = 0;
		moved &= move_line(line, addr);
		line = c + 1;
	}
	return moved && vdso_size;
}

static void *find(const void *elf, const char *name)
{
	const Elf64_Ehdr *header = elf;
	const Elf64_Phdr *p = elf + header->e_phoff;
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;
	const __u32 *hash = NULL;

	for (int i = 0; i < header->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			dynamic = elf + p[i].p_offset;
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = elf + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			names = at;
		else if (dynamic->d_tag == DT_HASH)
			hash = at;
	}
	if (!symbols || !names || !hash)
		return NULL;
	for (__u32 i = 0; i < hash[1]; i++)
		if (equal(names + symbols[i].st_name, name))
			return (void *)elf + symbols[i].st_value;
	return NULL;
}

/* In a child in which every system call fails, and so does the clock if it needs one. */
static int needs_no_call(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(f) / sizeof(*f), .filter = f };
	struct __kernel_timespec ts;
	int status = -1;
	long pid = sys5(__NR_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		sys1(__NR_exit_group, sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ||
				      vdso_clock_gettime(GUEST_CLOCK, &ts));
	if (pid > 0)
		sys4(__NR_wait4, pid, &status, 0, NULL);
	return !status;
}

void vdso_init(const unsigned long *auxv)
{
	__u64 addr = aux(auxv, AT_SYSINFO_EHDR);

	stray = addr && !move(addr);
	if (!addr || stray)
		return;
	vdso_clock_gettime = find((void *)HOST_VDSO, "__vdso_clock_gettime");
	if (vdso_clock_gettime && needs_no_call())
		host_clock = U(vdso_clock_gettime);
}

const char *vdso_probe(void)
{
	if (stray)
		return "the host's vDSO can not be moved (/proc/self/maps); use --isolation auto";
	if (!changes_no_key((void *)HOST_VDSO, vdso_size))
		return "the host's vDSO can change protection keys; use --isolation auto";
	return NULL;
}

__u64 clock_read(int clock)
{
	struct __kernel_timespec ts = { 0 };

	if (!vdso_clock_gettime || vdso_clock_gettime(clock, &ts))
		sys2(__NR_clock_gettime, clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}
