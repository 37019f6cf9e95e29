/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller may have a resolver on the loopback of the container's network namespace, as Docker has on its own
 * networks. No process of the container is in that namespace: who listens there does so for the container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "container/network.h"
#include "container/network_internal.h"
#include "util/cleanup.h"

#define PORT 53

/* Of a socket that is connected to nobody: TCP_CLOSE. */
#define UNCONNECTED 7

/* A line of proc_pid_net(5): addresses are numbers as memory has them. */
static bool take_socket(const char *line, uint8_t address[4])
{
	uint32_t local, peer;
	unsigned int port, peer_port, state;

	if (sscanf(line, " %*u: %8x:%4x %8x:%4x %2x", &local, &port, &peer, &peer_port, &state) != 5 ||
		state != UNCONNECTED || ntohl(local) >> 24 != IN_LOOPBACKNET ||
		ntohl(local) == INADDR_LOOPBACK)
		return false;
	memcpy(address, &local, sizeof(local));
	return true;
}

bool network_resolver(int pid, uint8_t address[4])
{
	cleanup_fclose FILE *sockets = NULL;
	char path[32], line[256];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/net/udp", pid);
	sockets = fopen(path, "re");
	while (sockets && !found && fgets(line, sizeof(line), sockets))
		found = take_socket(line, address);
	return found;
}

int network_resolver_connect(int namespace, const uint8_t address[4], int type, struct error *err)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	cleanup_close int fd = -1;
	int own = network_enter(namespace, err);

	if (own < 0)
		return -1;
	fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	network_leave(own);
	memcpy(&to.sin_addr, address, sizeof(to.sin_addr));
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS))
		return error_set(err, errno, "network namespace: cannot ask its resolver");
	return steal_fd(&fd);
}
