/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"

/* ip=CLIENT:SERVER:GATEWAY:NETMASK:HOST:DEVICE:AUTOCONF:DNS, as the kernel itself has it */
enum { CLIENT, SERVER, GATEWAY, NETMASK, HOST, DEVICE, AUTOCONF, DNS, FIELDS };

static void set_flags(int fd, const char *device, int flags)
{
	struct ifreq request = {.ifr_flags = flags};

	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	ioctl(fd, SIOCSIFFLAGS, &request);
}

static void set_address(int fd, const char *device, unsigned long what, const char *text)
{
	struct ifreq request = {0};
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;

	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	address->sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &address->sin_addr) == 1)
		ioctl(fd, what, &request);
}

static void set_gateway(int fd, const char *text)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in *gateway = (struct sockaddr_in *)&route.rt_gateway;

	route.rt_dst.sa_family = route.rt_genmask.sa_family = gateway->sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &gateway->sin_addr) == 1)
		ioctl(fd, SIOCADDRT, &route);
}

/* The disk may be read-only, or go on to another machine: its own file is only covered. */
static void set_dns(const char *server)
{
	FILE *file = fopen("/run/resolv.conf", "we");

	if (!file)
		return;
	fprintf(file, "nameserver %s\n", server);
	fclose(file);
	if (access(RESOLV_CONF, F_OK))
		close(open(RESOLV_CONF, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	mount("/run/resolv.conf", RESOLV_CONF, NULL, MS_BIND, NULL);
}

static void configure(int fd, char *words)
{
	char *field[FIELDS];

	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&words, ":");
		if (!field[i])
			field[i] = "";
	}
	if (!field[CLIENT][0] || !field[DEVICE][0])
		return;
	set_address(fd, field[DEVICE], SIOCSIFADDR, field[CLIENT]);
	if (field[NETMASK][0])
		set_address(fd, field[DEVICE], SIOCSIFNETMASK, field[NETMASK]);
	set_flags(fd, field[DEVICE], IFF_UP | IFF_RUNNING);
	if (field[GATEWAY][0])
		set_gateway(fd, field[GATEWAY]);
	if (field[DNS][0])
		set_dns(field[DNS]);
}

void network_up(void)
{
	static char line[4097];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	FILE *file = fopen("/proc/cmdline", "re");

	if (fd >= 0) {
		set_flags(fd, "lo", IFF_UP | IFF_RUNNING);
		if (file && fgets(line, sizeof line, file))
			for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
				if (!strncmp(word, "ip=", 3))
					configure(fd, word + 3);
		close(fd);
	}
	if (file)
		fclose(file);
}
