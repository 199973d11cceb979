/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of micro-benchmarks share. */
#ifndef MICRO_H
#define MICRO_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 4096UL
#define KIB 1024UL
#define MIB (1UL << 20)

enum unit { NS, MS, MB_PER_S, GFLOPS };

/*
 * One row. A batch is run(n); start and end stand outside the clock. Sizes are in units of n: a row
 * in MB/s handles n MiB, one in GFLOPS n million operations.
 */
struct row {
	const char *name;
	void (*run)(long n);
	enum unit unit;
	long arg;		/* what start is told; behind @ in the row's name, in KiB */
	void (*start)(long arg);
	void (*end)(void);
	long batch;		/* as long on every system, for what a batch itself costs; 0 = by time */
	int (*possible)(void);	/* on this processor; NULL for always */
};

extern const struct row memory_rows[], process_rows[], message_rows[], file_rows[];
extern const struct row compute_rows[], net_rows[], validator_rows[];

static inline void must(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

void *anonymous(size_t len);
double now(void);		/* ns */

/* Measures n processes at once. */
int many(long n);
#endif
