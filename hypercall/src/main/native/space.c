/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"
#include "space.h"
#include "timer.h"
#include "vcpu.h"

#define MAX_SPACES 65536
#define NO_SLOT 0xffff
#define SPARE_SLOTS 2	/* made ahead, while the guest goes on */
#define IDLE_SLOTS 64	/* kept for reuse; more are ended */
#define END_OF_LIST 0xffffffff

struct slot slots[MAX_SLOTS] SHARED;
__u32 slot_limit = MAX_SLOTS;
__u32 first_kind;

/* By kind of isolation: those that no space has. */
static struct { __u32 first, count; } idle[LODGER_ISOLATION_KEY + 1] SHARED;
/* Slots asked for and not released: the kind of each or 0, how many, and their filters. */
static __u8 made[MAX_SLOTS] SHARED;
static __u32 nr_made SHARED, nr_filters SHARED;
static __u64 clock SHARED;		/* of runs, for the choice of a victim */

/* By handle. */
static __u16 space_slots[MAX_SPACES] SHARED;	/* NO_SLOT = has none */
static __u64 space_unused[MAX_SPACES] SHARED;	/* see space_create in lodger_abi.h */
static __u8 space_kinds[MAX_SPACES] SHARED;	/* enum lodger_isolation; 0 = no such space */
static __u32 next_space SHARED;

static void poke_spawner(void)
{
	__atomic_fetch_add(&spawn->request, 1, __ATOMIC_SEQ_CST);
	futex_wake(&spawn->request);
}

/* Receives until a task of slot i waits; returns which one. */
static long receive(__u32 i, __u64 *status)
{
	struct slot *s = &slots[i];

	awaited_slot = i;
	for (;;) {
		struct seccomp_notif n = { 0 };

		if (__atomic_load_n(&spawn->slot[i].state, __ATOMIC_SEQ_CST) == SPAWN_DEAD) {
			spawn->deaths_seen = spawn->deaths;
			return -ESRCH;
		}
		if (sys3(__NR_ioctl, s->listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
			continue;
		*status = n.data.args[0];
		if (n.data.instruction_pointer == U(user_wait_ret) &&
		    (!s->user_pid || n.pid == s->user_pid)) {
			s->user_pid = n.pid;
			s->user_id = n.id;
			s->bare = 0;
			return SLOT_USER;
		}
		if (n.data.instruction_pointer < LODGER_TASK_SIZE && n.pid == s->user_pid) {
			s->user_id = n.id;
			s->bare = 1;
			s->call = n.data;
			return SLOT_USER;
		}
		if (n.data.instruction_pointer == U(mapper_wait_ret) &&
		    (!s->mapper_pid || n.pid == s->mapper_pid)) {
			s->mapper_pid = n.pid;
			s->mapper_id = n.id;
			return SLOT_MAPPER;
		}
		return -EPERM;	/* user code at the mapper's call */
	}
}

long slot_run(__u32 i, enum slot_task task, __u64 value, __u64 *status)
{
	struct answer *answer = (void *)ANSWER;
	struct slot *s = &slots[i];
	long r;

	for (;;) {
		answer->id = task == SLOT_USER ? s->user_id : s->mapper_id;
		answer->val = value;
		r = sys3(__NR_ioctl, s->listener, SECCOMP_IOCTL_NOTIF_SEND, answer);
		if (!r)
			break;
		if (r == -EINTR)
			continue;
		/* Hosts before 5.19: a late kick ended the wait, and the user task waits anew. */
		r = receive(i, status);
		if (r < 0)
			return r;
		if (task == SLOT_USER && vcpu->pending)
			return -EINTR;
	}
	do
		r = receive(i, status);
	while (r >= 0 && r != (long)task);
	return r;
}

/* The spawner has started slot i: fills in what the kernel process knows of it. */
static long adopt(__u32 i)
{
	struct slot *s = &slots[i];
	__u64 status;
	long r;

	*s = (struct slot){
		.pidfd = spawn->slot[i].pidfd,
		.listener = spawn->slot[i].listener,
		.kind = spawn->slot[i].kind,
		.alive = spawn->slot[i].kind == LODGER_ISOLATION_KEY,
	};
	/* Both tasks, each once, in any order. */
	for (__u32 waiting = 0; !s->alive && waiting != (1 << SLOT_USER | 1 << SLOT_MAPPER);
	     waiting |= 1 << r) {
		r = receive(i, &status);
		if (r < 0)
			return r;
	}
	s->alive = 1;
	return 0;
}

static __u32 filters(__u32 kind)
{
	return kind == LODGER_ISOLATION_KEY ? KEY_FILTERS : PROCESS_FILTERS;
}

static int has_room(__u32 kind)
{
	return nr_made < slot_limit && nr_filters + filters(kind) <= MAX_FILTERS;
}

/* The stub loads its stack from the read-only page before it first waits. */
static void ask_for(__u32 i, __u32 kind)
{
	struct slot_ro *ro = slot_ro(i);

	ro->frame = SLOT_BASE + layout.frame;
	ro->iret = ro->frame - 0x100;
	ro->wait_stack = ro->frame - 0x200;
	ro->fpstate = SLOT_BASE + layout.fpstate;
	ro->xmask = layout.xfeatures;
	ro->fsgsbase = layout.fsgsbase;
	for (int n = 0; n < NESTED_FRAMES; n++)
		ro->nested[n] = SLOT_BASE + layout.nested[n];
	ro->selector = 0;
	ro->nr_ops = 0;
	made[i] = kind;
	nr_made++;
	nr_filters += filters(kind);
	spawn->slot[i].kind = kind;
	WRITE_ONCE(spawn->slot[i].state, SPAWN_WANTED);
	poke_spawner();
}

/* Looks at every slot that is not in use; makes sure that some are on their way. */
static long made_slot(__u32 kind, int wait)
{
	for (int stillborn = 0;;) {
		__u32 reply = __atomic_load_n(&spawn->reply, __ATOMIC_SEQ_CST);
		__u32 empty = END_OF_LIST, coming = 0, leaving = 0;
		long found = -1;

		for (__u32 i = 0; i < slot_limit; i++) {
			if (slots[i].alive)
				continue;
			switch (__atomic_load_n(&spawn->slot[i].state, __ATOMIC_ACQUIRE)) {
			case SPAWN_STARTED:
				if (spawn->slot[i].kind != kind)
					break;
				if (found < 0)
					found = i;
				else
					coming++;
				break;
			case SPAWN_WANTED:
				coming += spawn->slot[i].kind == kind;
				break;
			case SPAWN_EMPTY:
				if (empty == END_OF_LIST)
					empty = i;
				break;
			case SPAWN_RELEASED:
				leaving++;
				break;
			case SPAWN_FAILED:
				wait = 0;
				/* fall through */
			case SPAWN_DEAD:
				slot_kill(i);
				leaving++;
				break;
			}
		}
		if (empty != END_OF_LIST && has_room(kind) && coming < SPARE_SLOTS && (found >= 0 || wait))
			ask_for(empty, kind);
		else if (found < 0 && !coming && !(wait && leaving))
			return -EAGAIN;
		if (found >= 0) {
			if (!adopt(found))
				return found;
			slot_kill(found);
			/* The host may have room for one of two processes. */
			if (++stillborn == 2)
				wait = 0;
			continue;
		}
		if (!wait)
			return -EAGAIN;
		futex_wait(&spawn->reply, reply, NULL);
	}
}

/* Forgets what the slot ran; it keeps its tasks. */
static void detach(__u32 i)
{
	struct slot *s = &slots[i];

	if (s->xstate)
		xstate_sync(s->xstate);
	s->xstate = NULL;
	s->fetched = 0;
	if (s->space)
		space_slots[s->space] = NO_SLOT;
	s->space = 0;
}

void slot_kill(__u32 i)
{
	struct slot *s = &slots[i];

	if (s->alive)
		detach(i);
	/* Nobody would be told, and the guest would stand still. */
	if (me == i + 1)
		die(LODGER_EXIT_INTERNAL, "the process in which the guest kernel runs was given up", 0);
	if (s->alive) {
		s->alive = 0;
		if (s->kind == LODGER_ISOLATION_KEY)
			timer_lost();
	}
	if (made[i]) {
		nr_made--;
		nr_filters -= filters(made[i]);
		made[i] = 0;
	}
	WRITE_ONCE(spawn->slot[i].state, SPAWN_RELEASED);
	poke_spawner();
}

static void queue(__u32 i, struct map_call call)
{
	struct slot_ro *ro = slot_ro(i);

	if (call.nr == __NR_munmap && call.len == LODGER_TASK_SIZE)
		ro->nr_ops = 0;		/* whatever was to be mapped is to go */
	ro->ops[ro->nr_ops++] = call;
}

static const struct map_call unmap_all = { .nr = __NR_munmap, .len = LODGER_TASK_SIZE };

void count_call(const struct map_call *call)
{
	counters->host_calls[call->nr == __NR_mmap ? 0 : call->nr == __NR_munmap ? 1 : 2]++;
}

/* Has what is queued carried out, by the mapper or where the kernel then is. */
static long flush(__u32 i)
{
	struct slot_ro *ro = slot_ro(i);
	__u64 status;
	long r;

	if (slots[i].kind == LODGER_ISOLATION_KEY) {
		r = key_arrive(i);
		return r < 0 ? r : key_flush(i);
	}
	for (int tries = 0; ro->nr_ops; tries++) {
		r = slot_run(i, SLOT_MAPPER, 0, &status);
		if (r < 0)
			return r;
		for (__u32 n = 0; n < ro->nr_ops; n++)
			count_call(&ro->ops[n]);
		ro->nr_ops = 0;
		/* Usually the host's limit of mappings per process: start again with none. */
		if (status) {
			if (tries)
				return -ESRCH;
			queue(i, unmap_all);
		}
	}
	return 0;
}

static long least_recent(__u32 kind)
{
	long victim = -1;

	for (__u32 i = 0; i < slot_limit; i++)
		if (slots[i].alive && slots[i].space && slots[i].kind == kind &&
		    (victim < 0 || slots[i].last_run < slots[victim].last_run))
			victim = i;
	return victim;
}

/* One that was killed from outside would take the next program with it. */
static long take_idle(__u32 kind)
{
	while (idle[kind].count) {
		__u32 i = idle[kind].first;

		idle[kind].first = slots[i].next_free;
		idle[kind].count--;
		if (__atomic_load_n(&spawn->slot[i].state, __ATOMIC_SEQ_CST) != SPAWN_DEAD)
			return i;
		slot_kill(i);
	}
	return -EAGAIN;
}

/* Ends a slot of that kind, if there is one; best one without a space. */
static int end_one(__u32 kind)
{
	long i = take_idle(kind);

	if (i < 0)
		i = least_recent(kind);
	if (i < 0)
		return 0;
	/* Saving what it holds of a program may take the kernel there. */
	detach(i);
	key_arrive_first();
	slot_kill(i);
	return 1;
}

static long acquire(__u32 kind)
{
	__u32 other = kind == LODGER_ISOLATION_KEY ? LODGER_ISOLATION_PROCESS : LODGER_ISOLATION_KEY;
	long i;

	i = take_idle(kind);
	if (i >= 0)
		return i;
	i = made_slot(kind, has_room(kind));
	if (i >= 0)
		return i;
	i = least_recent(kind);
	if (i >= 0) {
		detach(i);
		queue(i, unmap_all);
		return i;
	}
	/* Room for one of this kind may take several of the other, by our count or by the host's. */
	while (i < 0 && end_one(other))
		i = made_slot(kind, 1);
	return i;
}

static void put_idle(__u32 i)
{
	__u32 kind = slots[i].kind;

	queue(i, unmap_all);
	slots[i].next_free = idle[kind].first;
	idle[kind].first = i;
	idle[kind].count++;
}

/* The space goes on in another process, without the key; its pages follow as they fault. */
static void demote(__u32 space, __u32 i)
{
	counters->demoted[slots[i].unfit]++;
	counters->spaces[LODGER_ISOLATION_KEY]--;
	counters->spaces[LODGER_ISOLATION_PROCESS]++;
	space_kinds[space] = LODGER_ISOLATION_PROCESS;
	detach(i);
	put_idle(i);
}

/* The slot that the space has, or is given now. */
static long attach(__u32 space)
{
	long i = space_slots[space];

	if (i != NO_SLOT)
		return i;
	i = acquire(space_kinds[space]);
	if (i < 0)
		return i;
	space_slots[space] = i;
	slots[i].space = space;
	slots[i].unused = space_unused[space];
	return i;
}

long space_slot(__u32 space)
{
	long i, r;

	if (!space || space >= MAX_SPACES || !space_kinds[space])
		return -EINVAL;
	i = attach(space);
	if (i < 0)
		return i;
	slots[i].last_run = ++clock;
	r = flush(i);
	if (r == -EXDEV) {
		demote(space, i);
		return space_slot(space);
	}
	if (r < 0) {
		slot_kill(i);
		return r;
	}
	return i;
}

long space_create(__u64 unused)
{
	for (__u32 n = 0; n < MAX_SPACES - 1; n++) {
		__u32 space = next_space;

		next_space = next_space == MAX_SPACES - 1 ? 1 : next_space + 1;
		if (space_kinds[space])
			continue;
		space_kinds[space] = first_kind;
		counters->spaces[first_kind]++;
		space_slots[space] = NO_SLOT;
		space_unused[space] = unused;
		return space;
	}
	return -ENOSPC;
}

void space_destroy(__u32 space)
{
	__u32 i;

	if (!space || space >= MAX_SPACES || !space_kinds[space])
		return;
	counters->spaces[space_kinds[space]]--;
	space_kinds[space] = 0;
	i = space_slots[space];
	if (i == NO_SLOT)
		return;
	/* Whose state it was has no space any more to need it in. */
	if (slots[i].xstate)
		xstate_drop(slots[i].xstate);
	if (idle[slots[i].kind].count >= IDLE_SLOTS && me != i + 1) {
		slot_kill(i);
		return;
	}
	detach(i);
	put_idle(i);
}

static int valid(__u64 start, __u64 len, __u64 limit)
{
	return !((start | len) & 0xfff) && len && start < limit && len <= limit - start;
}

/*
 * What will be written is mapped by the page at once: otherwise each takes a fault of the host's.
 * Where a fault only reads, the host maps 16 pages, and of a run of a file few may ever be read.
 */
static __u16 map_flags(const struct lodger_map_op *op)
{
	int populate = (op->prot & LODGER_PROT_WRITE) || op->len == 4096;

	return MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0);
}

/* What follows in the list is lost, so that nothing may stay mapped. */
static long refuse_ops(__u32 i)
{
	queue(i, unmap_all);
	return -EINVAL;
}

long space_update(__u32 space, const struct lodger_map_op *ops, __u32 count)
{
	long i;

	if (!space || space >= MAX_SPACES || !space_kinds[space])
		return -EINVAL;
	if (space_slots[space] == NO_SLOT)
		for (; count && ops->kind != LODGER_OP_MAP; count--, ops++)
			;	/* without a slot there is nothing to take away */
	if (!count)
		return 0;
	i = attach(space);
	if (i < 0)
		return 0;	/* faults will ask again */
	for (; count; count--, ops++) {
		struct lodger_map_op op = *ops;
		struct map_call call = unmap_all;

		if (op.kind != LODGER_OP_UNMAP_ALL) {
			if (!valid(op.addr, op.len, LODGER_TASK_SIZE))
				return refuse_ops(i);
			call.addr = op.addr;
			call.len = op.len;
		}
		if (op.kind == LODGER_OP_MAP) {
			if (!valid(op.phys, op.len, ram_size) || op.prot > 15)
				return refuse_ops(i);
			call.nr = __NR_mmap;
			call.prot = op.prot & (slots[i].kind == LODGER_ISOLATION_KEY ? 15 : 7);
			call.offset = op.phys;
			call.flags = map_flags(&op);
		} else if (op.kind == LODGER_OP_PROTECT) {
			if (op.prot & ~(LODGER_PROT_READ | LODGER_PROT_WRITE))
				return refuse_ops(i);
			call.nr = __NR_mprotect;
			call.prot = op.prot;
		}
		if (slot_ro(i)->nr_ops == SLOT_MAX_OPS) {
			long r = flush(i);

			/* The kernel is in that process now: it must not be ended. */
			if (r == -EXDEV)
				demote(space, i);
			else if (r < 0)
				slot_kill(i);
			if (r < 0)
				return 0;
		}
		queue(i, call);
	}
	return 0;
}

void spaces_init(void)
{
	next_space = 1;
	idle[LODGER_ISOLATION_PROCESS].first = END_OF_LIST;
	idle[LODGER_ISOLATION_KEY].first = END_OF_LIST;
}

void first_slots(void)
{
	long i = made_slot(first_kind, 1);

	if (i < 0) {
		for (__u32 s = 0; s < slot_limit; s++)
			if (spawn->slot[s].error)
				die(LODGER_EXIT_USAGE, "cannot make a process that runs guest "
				    "programs (seccomp user notification, Linux 5.9 or later)",
				    spawn->slot[s].error);
		die(LODGER_EXIT_USAGE, "cannot make a process that runs guest programs", i);
	}
	put_idle(i);
}
