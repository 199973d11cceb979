/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Ports are announced by messages after the driver is up, so they may come a little late. */
#define PATIENCE_MS 10000

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = 0;
	if (!file)
		return;
	if (fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = 0;
	fclose(file);
}

static int open_port(const char *name)
{
	DIR *folder = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	char path[320], found[64];
	int fd = -1;

	while (folder && fd < 0 && (entry = readdir(folder))) {
		snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
		read_line(path, found, sizeof found);
		if (strcmp(found, name))
			continue;
		snprintf(path, sizeof path, "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (folder)
		closedir(folder);
	return fd;
}

/* Until the other end is open, poll reports a hang-up and reads give nothing. */
static bool connected(int fd)
{
	struct pollfd poller = {.fd = fd};

	return poll(&poller, 1, 0) == 0;
}

static int await_port(const char *name, int *patience)
{
	int fd;

	while ((fd = open_port(name)) < 0) {
		if (--*patience < 0)
			return -1;
		sleep_ms(1);
	}
	while (!connected(fd)) {
		if (--*patience < 0)
			return -1;
		sleep_ms(1);
	}
	return fd;
}

bool ports_open(struct ports *ports)
{
	int patience = PATIENCE_MS;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL);
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);

	ports->stdio = await_port("org.lodger.stdio", &patience);
	ports->error = await_port("org.lodger.stderr", &patience);
	ports->control = await_port("org.lodger.control", &patience);
	return patience >= 0;
}
