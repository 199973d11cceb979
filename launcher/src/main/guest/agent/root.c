/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NEW_ROOT "/root"

/* The kernel's own words for the root disk, which it leaves to us. */
struct wish {
	const char *device;
	const char *type;
	const char *options;
	unsigned long flags;
};

static struct wish read_command_line(void)
{
	static char line[4097];
	struct wish wish = {.flags = MS_RDONLY, .options = ""};
	FILE *file = fopen("/proc/cmdline", "re");

	if (file && fgets(line, sizeof line, file))
		for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
			if (!strncmp(word, "root=", 5))
				wish.device = word + 5;
			else if (!strncmp(word, "rootfstype=", 11))
				wish.type = word + 11;
			else if (!strncmp(word, "rootflags=", 10))
				wish.options = word + 10;
			else if (!strcmp(word, "ro"))
				wish.flags = MS_RDONLY;
			else if (!strcmp(word, "rw"))
				wish.flags = 0;
		}
	if (file)
		fclose(file);
	return wish;
}

static bool mount_as(const struct wish *wish, const char *type)
{
	if (!mount(wish->device, NEW_ROOT, type, wish->flags, wish->options))
		return true;
	/* A read-only disk serves as well as it can, as with the kernel itself. */
	return (errno == EROFS || errno == EACCES) &&
	       !mount(wish->device, NEW_ROOT, type, wish->flags | MS_RDONLY, wish->options);
}

/* Without a type, every one that lives on a disk is tried. */
static bool mount_root(const struct wish *wish)
{
	char line[128];
	bool done = false;
	FILE *types;

	if (wish->type)
		return mount_as(wish, wish->type);
	types = fopen("/proc/filesystems", "re");
	while (types && !done && fgets(line, sizeof line, types)) {
		line[strcspn(line, "\n")] = 0;
		done = line[0] == '\t' && mount_as(wish, line + 1);
	}
	if (types)
		fclose(types);
	return done;
}

static void await_device(const char *path)
{
	struct timespec ms = {.tv_nsec = 1000000};

	for (int patience = 5000; patience && access(path, F_OK); patience--)
		nanosleep(&ms, NULL);
}

static void carry_over(const char *path)
{
	char target[32];

	snprintf(target, sizeof target, NEW_ROOT "%s", path);
	mkdir(target, 0755); /* a disk made from an archive may lack it */
	mount(path, target, NULL, MS_MOVE, NULL);
}

const char *root_enter(void)
{
	static char problem[256];
	struct wish wish = read_command_line();

	if (wish.device) {
		await_device(wish.device);
		mkdir(NEW_ROOT, 0755);
		if (!mount_root(&wish)) {
			snprintf(problem, sizeof problem, "cannot mount the root disk %s: %s",
				 wish.device, strerror(errno));
			return problem;
		}
		unlink("/init"); /* gives its memory back */
		carry_over("/dev");
		carry_over("/proc");
		carry_over("/sys");
		if (chdir(NEW_ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") ||
		    chdir("/")) {
			snprintf(problem, sizeof problem, "cannot enter the root disk: %s",
				 strerror(errno));
			return problem;
		}
	}
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount("pts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666,gid=5");
	mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	network_up();
	return NULL;
}

void root_leave(void)
{
	struct mntent *entry;
	FILE *mounts;
	bool again = true;

	sync();
	/* The list shrinks under the reader, so start over after each one that went. */
	while (again) {
		again = false;
		mounts = setmntent("/proc/mounts", "re");
		while (mounts && !again && (entry = getmntent(mounts)))
			again = !strncmp(entry->mnt_fsname, "/dev/", 5) &&
				strcmp(entry->mnt_dir, "/") && !umount(entry->mnt_dir);
		if (mounts)
			endmntent(mounts);
	}
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
}
