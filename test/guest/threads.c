/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and every kind of futex that glibc's primitives use, also between processes. */
#include "check.h"
#include <pthread.h>
#include <semaphore.h>

#define THREADS 8
#define ROUNDS 20000

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t ping, pong;
	long counter;
	int turn;
};

static struct shared *s;
static __thread long own;

static void *count(void *arg)
{
	pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&s->mutex);
		s->counter++;
		pthread_mutex_unlock(&s->mutex);
		own++;
	}
	CHECK(own == ROUNDS, "thread-local counter is %ld", own);
	return arg;
}

static void *take_turns(void *arg)
{
	int me = (int)(uintptr_t)arg;

	pthread_mutex_lock(&s->mutex);
	for (int i = 0; i < 500; i++) {
		while (s->turn != me)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->turn = !me;
		pthread_cond_broadcast(&s->cond);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

static void *nothing(void *arg)
{
	return arg;
}

static void *die_holding(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

static void init_shared(int protocol)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;

	s = map_shared(sizeof(*s));
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setprotocol(&ma, protocol);
	CHECK(!pthread_mutex_init(&s->mutex, &ma), "mutex");
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->barrier, &ba, THREADS);
	sem_init(&s->ping, 1, 0);
	sem_init(&s->pong, 1, 0);
}

static void counting(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, count, NULL), "create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK(s->counter == THREADS * ROUNDS, "%ld increments", s->counter);
}

/* The same between processes. */
static void counting_processes(void)
{
	pid_t pids[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (!(pids[i] = fork())) {
			count(NULL);
			_exit(0);
		}
	for (int i = 0; i < THREADS; i++)
		reap_good(pids[i]);
	CHECK(s->counter == THREADS * ROUNDS, "%ld increments", s->counter);
}

static void turns(void)
{
	pthread_t a, b;

	pthread_create(&a, NULL, take_turns, (void *)0);
	pthread_create(&b, NULL, take_turns, (void *)1);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

static void semaphores(void)
{
	pid_t pid = fork();

	for (int i = 0; i < 1000; i++)
		if (pid) {
			sem_post(&s->ping);
			sem_wait(&s->pong);
		} else {
			sem_wait(&s->ping);
			sem_post(&s->pong);
		}
	if (!pid)
		_exit(0);
	reap_good(pid);
}

/* A dead owner of a robust mutex is reported to the next one. */
static void robust(void)
{
	pthread_mutexattr_t ma;
	pthread_mutex_t m;
	pthread_t t;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &ma);
	pthread_create(&t, NULL, die_holding, &m);
	pthread_join(t, NULL);
	int err = pthread_mutex_lock(&m);
	CHECK(err == EOWNERDEAD, "lock said %d", err);
}

static void timed_out(void)
{
	struct timespec until;
	int64_t start = now_ns(CLOCK_MONOTONIC);

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&s->mutex);
	int err = pthread_cond_timedwait(&s->cond, &s->mutex, &until);
	pthread_mutex_unlock(&s->mutex);
	CHECK(err == ETIMEDOUT, "timedwait said %d", err);
	int64_t took = now_ns(CLOCK_MONOTONIC) - start;
	CHECK(took >= 19000000, "timed out after %ld ns", (long)took);
}

int main(void)
{
	init_shared(PTHREAD_PRIO_NONE);
	counting();
	turns();
	semaphores();
	timed_out();
	init_shared(PTHREAD_PRIO_INHERIT);
	counting();
	init_shared(PTHREAD_PRIO_NONE);
	counting_processes();
	robust();
	for (int i = 0; i < 300; i++) {
		pthread_t t;
		void *back;

		CHECK(!pthread_create(&t, NULL, nothing, s), "create");
		CHECK(!pthread_join(t, &back) && back == s, "join");
	}
	return 0;
}
