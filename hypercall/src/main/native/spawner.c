/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"
#include "key.h"
#include "slot.h"
#include "spawner.h"
#include "title.h"

#define SIGSETSIZE 8
#define SET_FLAGS_SYNC_WAKE_UP 1UL	/* the host switches straight to whom it wakes */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

/* Not shared with the kernel process. */
struct child {
	__s32 user;		/* 0 = no such process, -1 = it ended */
	__s32 pidfd;
	__s32 mapper;		/* the same; written by the host on clone */
	__s32 listener;		/* written by the child; -1 = not yet, below that an errno */
};

#define children ((struct child *)CHILDREN_VIEW)
static __u32 highest;		/* slots at and above it have never been used */
static long spawner_pid;

static const struct __kernel_timespec soon = { .tv_nsec = 10000000 };

static const __u8 trapped_signals[] = { SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, KICK_SIGNAL };

static void child_died(int signo, siginfo_t *info, struct ucontext *uc)
{
	(void)signo;
	(void)info;
	(void)uc;
	__atomic_fetch_add(&spawn->request, 1, __ATOMIC_SEQ_CST);
}

static void report(void *child, long listener)
{
	struct child *c = child;

	WRITE_ONCE(c->listener, listener);
	futex_wake((__u32 *)&c->listener);
}

static void begin_child(void)
{
	sys2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(__NR_getppid) != spawner_pid)
		sys1(__NR_exit_group, 1);
	title_user();
}

/* The future user task: everything that needs memory, then the stub takes over. */
static void become_slot(__u32 i, struct child *c)
{
	struct slot_rw *rw = (struct slot_rw *)SLOT_RW;
	struct sock_filter *f = rw->filters;
	struct sock_filter notify[FILTER_MAX];
	struct sock_fprog prog = { .filter = notify };
	stack_t stack = { .ss_sp = (void *)SLOT_STACK, .ss_size = SLOT_STACK_SIZE };
	__u64 all = ~0UL;
	int bare;
	long fd;

	sys4(__NR_rt_sigprocmask, SIG_BLOCK, &all, NULL, SIGSETSIZE);
	if (sys_mmap(SLOT_RO, SLOT_RO_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, slots_fd,
		     (__u64)i * SLOT_SIZE) != SLOT_RO ||
	    sys_mmap(SLOT_RW, SLOT_SIZE - SLOT_RO_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, slots_fd,
		     (__u64)i * SLOT_SIZE + SLOT_RO_SIZE) != SLOT_RW) {
		report(c, -ENOMEM);
		sys1(__NR_exit_group, 1);
	}
	for (unsigned s = 0; s < sizeof(trapped_signals); s++) {
		/* No handler ever returns to the restorer; see sys.h. */
		struct sys_sigaction sa = {
			.handler = (void *)user_trap,
			.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART | SA_RESTORER,
			.restorer = (void *)stub_start,
		};

		sys4(__NR_rt_sigaction, trapped_signals[s], &sa, NULL, SIGSETSIZE);
	}
	sys2(__NR_sigaltstack, &stack, NULL);

	prog.len = build_notify_filter(notify, 1);
	fd = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	/* Before Linux 5.19 a signal ends a wait: the stub copes with that, a program would not. */
	bare = fd != -EINVAL;
	if (!bare) {
		prog.len = build_notify_filter(notify, 0);
		fd = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			  &prog);
	}
	if (fd >= 0)		/* before Linux 6.6 this fails, and costs only speed */
		sys3(__NR_ioctl, fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SET_FLAGS_SYNC_WAKE_UP);
	rw->sigmask = 0;
	rw->user_filter.filter = f;
	rw->user_filter.len = build_user_filter(f, bare);
	f += rw->user_filter.len;
	rw->mapper_filter.filter = f;
	rw->mapper_filter.len = build_mapper_filter(f);
	report(c, fd);
	if (fd < 0)
		sys1(__NR_exit_group, 1);
	asm volatile("mov %1, %%r15\n	jmp slot_start" : : "D"(&c->mapper), "S"(spawner_pid) : "memory");
	__builtin_unreachable();
}

static void end(__s32 pid)
{
	if (pid <= 0)
		return;
	sys2(__NR_kill, pid, SIGKILL);
	while (sys4(__NR_wait4, pid, NULL, 0, NULL) == -EINTR)
		;
}

static void create(__u32 i)
{
	struct child *c = &children[i];
	struct spawn_slot *s = &spawn->slot[i];
	int pidfd = -1;
	__u32 kind;
	long pid;

	*c = (struct child){ .listener = -1 };
	kind = READ_ONCE(s->kind);
	pid = sys5(__NR_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
	if (pid == 0) {
		begin_child();
		if (kind == LODGER_ISOLATION_KEY && guest_key > 0)
			become_key(i, report, c);
		become_slot(i, c);
	}
	if (pid < 0) {
		s->error = -pid;
		WRITE_ONCE(s->state, SPAWN_FAILED);
		return;
	}
	c->user = pid;
	c->pidfd = pidfd;
	while (READ_ONCE(c->listener) == -1) {
		if (sys4(__NR_wait4, pid, NULL, 1 /* WNOHANG */, NULL) == pid) {
			/* It may have got further since we looked. */
			if (READ_ONCE(c->listener) > 0)
				sys1(__NR_close, c->listener);
			end(c->mapper);
			c->listener = -ECHILD;
		} else {
			futex_wait((__u32 *)&c->listener, -1, &soon);
		}
	}
	if (c->listener < 0) {
		s->error = -c->listener;
		sys1(__NR_close, pidfd);
		*c = (struct child){ 0 };
		__atomic_store_n(&s->state, SPAWN_FAILED, __ATOMIC_RELEASE);
		return;
	}
	s->pidfd = pidfd;
	s->listener = c->listener;
	if (i >= highest)
		highest = i + 1;
	__atomic_store_n(&s->state, SPAWN_STARTED, __ATOMIC_RELEASE);
}

/* A slot without one of its tasks is of no use: ends the other. */
static void task_died(__u32 i, long pid)
{
	struct child *c = &children[i];
	__u32 started = SPAWN_STARTED;

	if (pid == c->user) {
		c->user = -1;	/* the host may use the pid again */
		if (c->mapper > 0)
			sys2(__NR_kill, c->mapper, SIGKILL);
	} else {
		c->mapper = -1;
		if (c->user > 0)
			sys2(__NR_kill, c->user, SIGKILL);
	}
	/* Not one that the kernel process has released meanwhile. */
	if (__atomic_compare_exchange_n(&spawn->slot[i].state, &started, SPAWN_DEAD, 0,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		spawn->deaths++;
}

static void reap(void)
{
	long pid;

	while ((pid = sys4(__NR_wait4, -1, NULL, 1 /* WNOHANG */, NULL)) > 0)
		for (__u32 i = 0; i < highest; i++)
			if (pid == children[i].user || pid == children[i].mapper) {
				task_died(i, pid);
				break;
			}
}

/* Closing the listener only after both are gone: a task whose wait has no listener ends itself. */
static void release(__u32 i)
{
	struct child *c = &children[i];

	if (c->user) {
		end(c->user);
		end(c->mapper);
		sys1(__NR_close, c->pidfd);
		if (c->listener > 0)
			sys1(__NR_close, c->listener);
		*c = (struct child){ 0 };
	}
	WRITE_ONCE(spawn->slot[i].state, SPAWN_EMPTY);
}

static void serve(int parent)
{
	for (;;) {
		__u32 request = __atomic_load_n(&spawn->request, __ATOMIC_SEQ_CST);
		int unseen;

		reap();
		/* Releases first: the host may have no room before. */
		for (__u32 i = 0; i < MAX_SLOTS; i++)
			if (READ_ONCE(spawn->slot[i].state) == SPAWN_RELEASED)
				release(i);
		for (__u32 i = 0; i < MAX_SLOTS; i++)
			if (READ_ONCE(spawn->slot[i].state) == SPAWN_WANTED && !children[i].user)
				create(i);
		__atomic_fetch_add(&spawn->reply, 1, __ATOMIC_SEQ_CST);
		futex_wake(&spawn->reply);
		unseen = READ_ONCE(spawn->deaths_seen) != spawn->deaths;
		if (unseen)
			sys2(__NR_kill, parent, SIGUSR2);
		futex_wait(&spawn->request, request, unseen ? &soon : NULL);
	}
}

static void share(__u64 addr, __u64 size)
{
	long r = sys_mmap(addr, size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (r != (long)addr)
		die(LODGER_EXIT_INTERNAL, "cannot map a shared page", r);
}

void start_spawner(void)
{
	struct sys_sigaction sa = {
		.handler = child_died,
		.flags = SA_SIGINFO | SA_NOCLDSTOP | SA_RESTORER,
		.restorer = signal_return,
	};
	int parent = sys(__NR_getpid);
	long pid;

	share(SPAWN_VIEW, sizeof(*spawn));
	pid = sys5(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		die(LODGER_EXIT_USAGE, "cannot fork: too many processes on this host", pid);
	if (pid)
		return;
	sys2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(__NR_getppid) != parent)
		sys1(__NR_exit_group, 1);
	title_spawner();
	sys2(__NR_munmap, 0, STUB_CODE);	/* the guest's memory is not its business */
	spawner_pid = sys(__NR_getpid);
	share(CHILDREN_VIEW, CHILDREN_SIZE);
	sys4(__NR_rt_sigaction, SIGCHLD, &sa, NULL, SIGSETSIZE);
	serve(parent);
}
