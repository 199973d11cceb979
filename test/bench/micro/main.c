/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Micro-benchmarks, the same static program everywhere.
 *
 *	micro GROUP [ROW...]		prints "ROW name unit value", the median of several batches
 *	micro many N...			the same for so many processes at once
 *	micro time NAME COMMAND...	the same of one command's wall time; its exit status is the command's
 *
 * A row ends after BENCH_ROW_MS at the latest, however slow the system. Batches are shorter than a time
 * slice, so that most of them, and with them the median, are free of whatever else wants the processor.
 */
#include "micro.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 99			/* batches */
#define LEAST 5
#define BATCH_NS 5e5

static double row_ns = 200e6;

static const struct group {
	const char *name;
	const struct row *rows[4];
} groups[] = {
	{ "micro", { memory_rows, process_rows, message_rows, file_rows } },
	{ "compute", { compute_rows } },
	{ "net", { net_rows } },
	{ "validator", { validator_rows } },
};

double now(void)
{
	struct timespec t;

	/* Raw, so that a clock without vDSO costs every row the same little. */
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

void *anonymous(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

static double batch(const struct row *row, long n)
{
	double start = now();

	row->run(n);
	return now() - start;
}

static double best_of_three(const struct row *row, long n)
{
	double best = batch(row, n);

	for (int i = 1; i < 3 && best > BATCH_NS / 8; i++) {
		double again = batch(row, n);

		best = again < best ? again : best;
	}
	return best;
}

/*
 * How many make a batch; this warms up, too. One slow batch must not make all others short: then
 * reading the clock, which costs a guest microseconds, would be part of the row.
 */
static long calibrate(const struct row *row)
{
	double took;
	long n = 1;

	if (row->batch) {
		best_of_three(row, row->batch);
		return row->batch;
	}
	while ((took = best_of_three(row, n)) < BATCH_NS / 8)
		n *= 4;
	n = n * BATCH_NS / took;
	return n < 1 ? 1 : n;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const struct row *row, double ns)
{
	static const char *const units[] = { "ns", "ms", "MB/s", "GFLOP/s" };
	char size[32] = "";
	double value = ns;

	switch (row->unit) {
	case NS:
		break;
	case MS:
		value = ns / 1e6;
		break;
	case MB_PER_S:
		value = MIB * 1e3 / ns;
		break;
	case GFLOPS:
		value = 1e6 / ns;
		break;
	}
	if (row->arg >= 0)
		sprintf(size, "@%ld", row->arg);
	printf("ROW %s%s %s %.4g\n", row->name, size, units[row->unit], value);
	fflush(stdout);
}

static void measure(const struct row *row, int best)
{
	double took[MOST], spent = 0;
	int batches = 0;

	if (row->possible && !row->possible())
		return;
	if (row->start)
		row->start(row->arg);
	long n = calibrate(row);
	while (batches < LEAST || (batches < MOST && spent < row_ns)) {
		double ns = batch(row, n);

		took[batches++] = ns / n;
		spent += ns;
	}
	if (row->end)
		row->end();
	qsort(took, batches, sizeof(double), ascending);
	print(row, took[best ? 0 : batches / 2]);
}

static int wanted(const struct row *row, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (!strcmp(*names, row->name))
			return 1;
	return 0;
}

static int run_group(const struct group *group, char **names)
{
	/* The validator is the best that this processor does. */
	int best = !strcmp(group->name, "validator");

	for (int i = 0; i < 4 && group->rows[i]; i++)
		for (const struct row *row = group->rows[i]; row->name; row++)
			if (wanted(row, names))
				measure(row, best);
	return 0;
}

static int time_command(const char *name, char **command)
{
	double start = now();
	int status;
	pid_t pid = fork();

	if (!pid) {
		/* Rows are all that a run prints. */
		must(dup2(STDERR_FILENO, STDOUT_FILENO) >= 0, "dup2");
		execvp(*command, command);
		perror(*command);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "wait");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		printf("ROW %s s %.4g\n", name, (now() - start) / 1e9);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *ms = getenv("BENCH_ROW_MS");

	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (ms && atof(ms) > 0)
		row_ns = atof(ms) * 1e6;
	if (argc > 3 && !strcmp(argv[1], "time"))
		return time_command(argv[2], argv + 3);
	if (argc > 2 && !strcmp(argv[1], "many")) {
		for (int i = 2; i < argc; i++)
			many(atol(argv[i]));
		return 0;
	}
	for (unsigned int i = 0; argc > 1 && i < sizeof(groups) / sizeof(*groups); i++)
		if (!strcmp(argv[1], groups[i].name))
			return run_group(&groups[i], argv + 2);
	fprintf(stderr, "usage: micro micro|compute|net|validator [ROW...] | many N... | time NAME COMMAND...\n");
	return 2;
}
