/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

const char *try_tap(void)
{
	struct ifreq request = {.ifr_name = "lodger%d", .ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		return errno == ENOENT ? "there is no /dev/net/tun" : "/dev/net/tun may not be opened";
	/* The interface goes with the descriptor. */
	return ioctl(fd, TUNSETIFF, &request) ? strerror(errno) : "yes";
}
