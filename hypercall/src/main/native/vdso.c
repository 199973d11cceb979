/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/elf.h>
#include "vdso.h"

static int (*vdso_clock_gettime)(int clock, struct __kernel_timespec *ts);

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

void vdso_init(const unsigned long *auxv)
{
	const Elf64_Ehdr *elf = NULL;
	const Elf64_Phdr *p;
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;
	const __u32 *hash = NULL;

	for (; auxv[0]; auxv += 2)
		if (auxv[0] == AT_SYSINFO_EHDR)
			elf = (void *)auxv[1];
	if (!elf)
		return;
	p = (void *)elf + elf->e_phoff;
	for (int i = 0; i < elf->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			dynamic = (void *)elf + p[i].p_offset;
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = (void *)elf + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			names = at;
		else if (dynamic->d_tag == DT_HASH)
			hash = at;
	}
	if (!symbols || !names || !hash)
		return;
	for (__u32 i = 0; i < hash[1]; i++)
		if (same(names + symbols[i].st_name, "__vdso_clock_gettime"))
			vdso_clock_gettime = (void *)elf + symbols[i].st_value;
}

__u64 clock_read(int clock)
{
	struct __kernel_timespec ts = { 0 };

	if (!vdso_clock_gettime || vdso_clock_gettime(clock, &ts))
		sys2(__NR_clock_gettime, clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}
