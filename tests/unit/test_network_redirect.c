/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirection between the container's interface and the zone's. Cables stand for both: the far end of the one
 * is a host, that of the other a guest, which has the container's MAC and addresses. Wants root and a kernel
 * with ingress qdiscs.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/network.h"
#include "tests/unit/test_ocispec.h"
#include "tests/unit/unit.h"

static const uint8_t mark[NETWORK_MARK_LENGTH] = "this zone's mark",
		     other_mark[NETWORK_MARK_LENGTH] = "another's";
static struct network_interface interface = {.name = "eth0", .mtu = 1400};

static bool shell(const char *script)
{
	return system(script) == 0;
}

/* The first namespace of this process's own: the host. Beside it the container's, and the guest. */
static int make(void)
{
	struct network network;
	struct error err = {0};
	int namespace;

	if (!shell("mount -t tmpfs none /run && mkdir /run/netns && ip netns add container && ip netns add "
		   "guest &&"
		   "ip link add host type veth peer name eth0 netns container &&"
		   "ip link add vif9.0 address fe:ff:ff:ff:ff:ff type veth peer name eth0 netns guest &&"
		   "ip addr add 10.1.0.1/24 dev host && ip addr add fd01::1/64 dev host nodad && ip link set "
		   "host up &&"
		   "ip -n container addr add 10.1.0.2/24 dev eth0 && ip -n container link set eth0 mtu 1400 "
		   "up &&"
		   "ip -n container addr add fd01::2/64 dev eth0 nodad &&"
		   "mac=$(ip netns exec container cat /sys/class/net/eth0/address) &&"
		   "ip -n guest link set eth0 address $mac mtu 1400 up && ip -n guest addr add 10.1.0.2/24 "
		   "dev eth0 &&"
		   "ip -n guest addr add fd01::2/64 dev eth0 nodad"))
		return -1;
	namespace = open("/run/netns/container", O_RDONLY | O_CLOEXEC);
	if (network_read(namespace, &network, &err) || network.interfaces_len != 1)
		return -1;
	interface = network.interfaces[0];
	network_free(&network);
	return namespace;
}

#define FROM_HOST  "busybox ping -c 1 -W 2 10.1.0.2 >/dev/null"
#define FROM_HOST6 "busybox ping -c 1 -W 2 fd01::2 >/dev/null"
#define FROM_GUEST "ip netns exec guest busybox ping -c 1 -W 2 10.1.0.1 >/dev/null"

static int namespace;

static void redirects(void)
{
	struct error err = {0};

	CHECK(network_vif_exists("vif9.0"));
	if (!CHECK(!network_redirect(namespace, &interface, "vif9.0", mark, &err)))
		printf("# %s\n", error_message(&err));
	CHECK(!network_vif_exists("vif9.0"));
	CHECK(shell("ip -n container -o link show vif9.0 | grep -q 'NOARP,UP.* mtu 1400 .* qlen 1000'"));
	CHECK(shell("test -z \"$(ip -n container -o addr show dev vif9.0)\""));
	CHECK(shell(FROM_HOST) && shell(FROM_HOST6) && shell(FROM_GUEST));
	/* The host's own stack in the namespace says nothing in the guest's place. */
	CHECK(shell("ip -n guest link set eth0 down; ip neigh flush dev host"));
	CHECK(!shell(FROM_HOST) && !shell(FROM_HOST6));
	CHECK(shell("ip -n guest link set eth0 up; ip -n guest addr replace fd01::2/64 dev eth0 nodad"));
	CHECK(shell(FROM_HOST));
	/* What the host sends from there is the host's affair still. */
	CHECK(shell("ip -n container -o addr show dev eth0 | grep -q 10.1.0.2/24"));
	error_clear(&err);
}

static const uint8_t host_address[] = {10, 1, 0, 1};

/* A name server of the host's: a socket of that type. */
static int serve(int type)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	memcpy(&own.sin_addr, host_address, sizeof(own.sin_addr));
	CHECK(!bind(fd, (struct sockaddr *)&own, sizeof(own)) && (type == SOCK_DGRAM || !listen(fd, 1)));
	return fd;
}

static bool comes(int fd, short events)
{
	struct pollfd pollfd = {.fd = fd, .events = events};

	return poll(&pollfd, 1, 2000) == 1 && pollfd.revents == events;
}

/* Whether who asks from that namespace is answered. */
static bool answered(int from)
{
	struct error err = {0};
	struct sockaddr_in asker;
	socklen_t size = sizeof(asker);
	char text[8];
	int server = serve(SOCK_DGRAM), fd = network_resolver_connect(from, host_address, SOCK_DGRAM, &err);
	bool result = send(fd, "query", 5, 0) == 5 && comes(server, POLLIN) &&
		      recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&asker, &size) == 5 &&
		      sendto(server, "answer", 6, 0, (struct sockaddr *)&asker, size) == 6 &&
		      comes(fd, POLLIN) && recv(fd, text, sizeof(text), 0) == 6;

	close(server);
	close(fd);
	return result;
}

static bool connected(int from)
{
	struct error err = {0};
	int server = serve(SOCK_STREAM), fd = network_resolver_connect(from, host_address, SOCK_STREAM, &err);
	bool result = comes(fd, POLLOUT);

	close(server);
	close(fd);
	return result;
}

static void lets_answers_in(void)
{
	int guest = open("/run/netns/guest", O_RDONLY | O_CLOEXEC);
	struct error err = {0};

	CHECK(shell("ip neigh flush dev host; ip -n container neigh flush dev eth0"));
	CHECK(answered(guest) && connected(guest));
	CHECK(!answered(namespace));
	if (!CHECK(!network_let_answers_in(namespace, &interface, "vif9.0", &err)))
		printf("# %s\n", error_message(&err));
	CHECK(shell("ip neigh flush dev host; ip -n container neigh flush dev eth0; ip -n guest neigh flush "
		    "dev eth0"));
	CHECK(answered(namespace) && connected(namespace));
	CHECK(answered(guest) && connected(guest));
	CHECK(shell(FROM_HOST) && shell(FROM_HOST6) && shell(FROM_GUEST));
	/* Nothing else is: not even an echo. */
	CHECK(!shell("ip netns exec container busybox ping -c 1 -W 2 10.1.0.1 >/dev/null"));
	CHECK(shell("ip -n guest link set eth0 down; ip neigh flush dev host"));
	CHECK(!shell(FROM_HOST) && !shell(FROM_HOST6));
	CHECK(shell("ip -n guest link set eth0 up; ip -n guest addr replace fd01::2/64 dev eth0 nodad"));
	error_clear(&err);
	close(guest);
}

static void leaves_others_alone(void)
{
	struct error err = {0};

	CHECK(shell("ip link add vif9.1 address fe:ff:ff:ff:ff:ff type veth peer name far"));
	CHECK(network_redirect(namespace, &interface, "vif9.1", other_mark, &err));
	CHECK(same(error_message(&err), "network namespace: eth0 belongs to another zone, or has an ingress "
					"qdisc for another reason"));
	network_release(namespace, other_mark);
	CHECK(shell(FROM_HOST));
	CHECK(network_redirect(namespace, &interface, "vif9.9", mark, &err));
	CHECK(same(error_message(&err), "vif9.9: No such device"));
	error_clear(&err);
}

static void releases(void)
{
	network_release(namespace, mark);
	CHECK(shell("test -z \"$(tc -n container qdisc show | grep ingress)\""));
	/* The host's stack answers again. */
	CHECK(shell("ip -n guest link set eth0 down; ip neigh flush dev host;" FROM_HOST));
	network_release(namespace, mark);
}

static int all(void)
{
	/* So that it finds itself as the first process. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("proc", "/proc", "proc", 0, NULL))
		return 1;
	namespace = make();
	if (!CHECK(namespace >= 0))
		return 1;
	RUN(redirects);
	RUN(lets_answers_in);
	RUN(leaves_others_alone);
	RUN(releases);
	return unit_end();
}

/* The status of a child that does that. */
static int in_child(int (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		status = call();
		fflush(stdout);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int apart(void)
{
	if (!unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET))
		return in_child(all);
	printf("ok 1 - redirects # SKIP not root\n1..1\n");
	return 0;
}

int main(void)
{
	return in_child(apart);
}
