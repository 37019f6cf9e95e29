/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init's part of the network: interfaces, addresses, routes, in its own namespace or in the container's.
 */
#include "tests/unit/zone_fixture.h"

#include <arpa/inet.h>
#include <sys/ioctl.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

struct address {
	uint32_t device, family, prefix, scope, flags, preferred, valid;
	uint8_t broadcast[4], local[16], peer[16];
};

struct route {
	uint32_t device, family, prefix, type, scope, protocol, metric, flags, mtu, gateway_family;
	uint8_t destination[16], gateway[16], source[16];
};

/* A pair, each of which is the other's cable. */
static void make_devices(void)
{
	if (system("ip link add device0 type veth peer name device1"))
		_exit(1);
}

static void put_interface(uint32_t device, uint32_t mtu, uint32_t flags, const char *name)
{
	uint32_t fields[] = {device, mtu, flags, 0};

	put_both(ZONE_OP_INTERFACE, fields, sizeof(fields), name, strlen(name) + 1);
}

static void put_address(
	uint32_t device, uint32_t family, const char *text, uint32_t prefix, const char *broadcast)
{
	struct address address = {.device = device,
		.family = family,
		.prefix = prefix,
		.preferred = UINT32_MAX,
		.valid = UINT32_MAX};

	if (family == AF_INET6)
		address.flags = IFA_F_NODAD;
	CHECK_EQ(inet_pton((int)family, text, address.local), 1);
	memcpy(address.peer, address.local, sizeof(address.peer));
	if (broadcast)
		CHECK_EQ(inet_pton(AF_INET, broadcast, address.broadcast), 1);
	put(ZONE_OP_ADDRESS, &address, sizeof(address));
}

static void put_route(uint32_t device, uint32_t family, const char *destination, uint32_t prefix,
	const char *gateway, const char *source, uint32_t metric)
{
	struct route route = {.device = device,
		.family = family,
		.prefix = prefix,
		.type = RTN_UNICAST,
		.scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.protocol = RTPROT_STATIC,
		.metric = metric};

	CHECK_EQ(inet_pton((int)family, destination, route.destination), 1);
	if (gateway) {
		route.gateway_family = family;
		CHECK_EQ(inet_pton((int)family, gateway, route.gateway), 1);
	}
	if (source)
		CHECK_EQ(inet_pton((int)family, source, route.source), 1);
	put(ZONE_OP_ROUTE, &route, sizeof(route));
}

static void put_network(void)
{
	/* The kernel's names are the wrong way round. */
	put_interface(0, 1400, ZONE_INTERFACE_UP, "device1");
	put_interface(1, 9000, ZONE_INTERFACE_UP, "net1");
	put_address(0, AF_INET, "10.7.0.2", 24, "10.7.0.255");
	put_address(0, AF_INET6, "fd07::2", 64, NULL);
	put_address(1, AF_INET, "10.8.0.2", 32, NULL);
	put_address(ZONE_DEVICE_LOOPBACK, AF_INET, "10.9.9.9", 32, NULL);
	put_route(0, AF_INET, "10.20.0.0", 16, NULL, "10.7.0.2", 5);
	put_route(0, AF_INET, "0.0.0.0", 0, "10.7.0.1", NULL, 100);
	put_route(0, AF_INET6, "::", 0, "fd07::1", NULL, 100);
}

static void put_end(const char *script)
{
	put(ZONE_OP_PIVOT, NULL, 0);
	put_shell(script);
}

static bool has(const char *output_text, const char *wanted)
{
	if (strstr(output_text, wanted))
		return true;
	printf("# no \"%s\" in\n# %s\n", wanted, output_text);
	return false;
}

static void check_network(const char *found)
{
	CHECK(has(found, "device1@net1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 "));
	CHECK(has(found, "net1@device1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 "));
	CHECK(has(found, "inet 10.7.0.2/24 brd 10.7.0.255 scope global device1"));
	CHECK(has(found, "inet6 fd07::2/64 scope global"));
	CHECK(has(found, "inet 10.8.0.2/32 scope global net1"));
	CHECK(has(found, "inet 10.9.9.9/32 scope global lo"));
	/* None that dom0 did not give. */
	CHECK(!strstr(found, "inet6 fe80"));
	CHECK(has(found, "10.20.0.0/16 dev device1 scope link  src 10.7.0.2  metric 5"));
	CHECK(has(found, "default via 10.7.0.1 dev device1  metric 100"));
	CHECK(has(found, "default via fd07::1 dev device1  metric 100"));
}

static const char show[] = "ip addr; ip route; ip -6 route";

static void sets_up_in_zone(void)
{
	put_root();
	put_network();
	put_end(show);
	CHECK_EQ(run(0), 0);
	check_network(output_of(0, 1));
}

/* The devices are the zone's, and come along. */
static void moves_into_the_containers_in_zone(void)
{
	static const uint32_t map[] = {0, 0, 65536};

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES | CLONE_NEWUSER | CLONE_NEWNET);
	put(ZONE_OP_UID_MAP, map, sizeof(map));
	put(ZONE_OP_GID_MAP, map, sizeof(map));
	put_network();
	PUT_BOTH(ZONE_OP_ROOT, (uint32_t){0}, "cache=loose");
	put_mount("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put_end(show);
	CHECK_EQ(run(0), 0);
	check_network(output_of(0, 1));
}

/* With no user namespace there is nothing else that it would have to wait for. */
static void is_there_before_its_sysctls_in_zone(void)
{
	const char *found;

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, NAMESPACES | CLONE_NEWNET);
	put_network();
	PUT_BOTH(ZONE_OP_ROOT, (uint32_t){0}, "cache=loose");
	put_mount("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, "");
	put(ZONE_OP_PIVOT, NULL, 0);
	PUT_STRINGS(ZONE_OP_SYSCTL, "net/ipv4/conf/device1/tag\0"
				    "7");
	put_shell("ip addr; cat /proc/sys/net/ipv4/conf/device1/tag");
	CHECK_EQ(run(0), 0);
	found = output_of(0, 1);
	CHECK(has(found, "inet 10.7.0.2/24 brd 10.7.0.255 scope global device1"));
	CHECK(has(found, "\n7\n"));
}

static void changed(uint32_t number)
{
	create(number);
	CHECK(reported(ZONE_REPORT_CREATED, number, 0, 0));
	CHECK(reported(ZONE_REPORT_STARTED, number, 0, 0));
	CHECK(reported(ZONE_REPORT_EXITED, number, 0, 0));
}

static void takes_changes_in_zone(void)
{
	idle_container();
	for (uint32_t number = 1; number < 3; number++) {
		/* Once more: all of it is there. */
		spec_length = 0;
		put_network();
		put(ZONE_OP_NETWORK, NULL, 0);
		changed(number);
	}
	CHECK_EQ(exec(3, show), 0);
	check_network(output_of(3, 1));
}

static void says_what_fails_in_zone(void)
{
	idle_container();
	spec_length = 0;
	put_interface(0, 1500, ZONE_INTERFACE_UP, "eth0");
	put_route(0, AF_INET, "10.0.0.0", 8, "10.1.1.1", NULL, 0);
	put(ZONE_OP_NETWORK, NULL, 0);
	fails(1, 1, ENETUNREACH);
	spec_length = 0;
	put_interface(5, 1500, ZONE_INTERFACE_UP, "eth0");
	put(ZONE_OP_NETWORK, NULL, 0);
	fails(2, 0, ENODEV);
	spec_length = 0;
	put_address(7, AF_INET, "10.7.0.2", 24, NULL);
	put(ZONE_OP_NETWORK, NULL, 0);
	fails(3, 0, EBADMSG);
	spec_length = 0;
	put_interface(ZONE_INTERFACES_MAX, 1500, 0, "eth0");
	put(ZONE_OP_NETWORK, NULL, 0);
	fails(4, 0, EBADMSG);
}

/* A socket of the zone's. */
static int socket_there(int type)
{
	char path[32];
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)zone);
	there = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(!setns(there, CLONE_NEWNET));
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	CHECK(!setns(own, CLONE_NEWNET));
	close(there);
	close(own);
	return fd;
}

/* One that is connected to the zone's resolver. */
static int asker(int type)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(0x7f00000b)}};
	const struct timeval patience = {.tv_sec = SECONDS};
	int fd = socket_there(type);

	CHECK(!connect(fd, (struct sockaddr *)&to, sizeof(to)));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* What the zone asks next. */
static void read_query(uint32_t process, char *query, size_t length)
{
	struct pollfd pollfd = {.fd = streams[process][1], .events = POLLIN};

	memset(query, 0, length);
	CHECK_EQ(poll(&pollfd, 1, SECONDS * 1000), 1);
	CHECK_EQ(read(streams[process][1], query, length), length);
}

/* Two of them in the FIFO would be one. */
static void give_answer(const char *answer, size_t length)
{
	int left = 1;

	CHECK_EQ(write(streams[1][0], answer, length), length);
	for (int i = 0; i < 1000 * SECONDS && left && !ioctl(streams[1][0], FIONREAD, &left); i++)
		usleep(1000);
	CHECK_EQ(left, 0);
}

/* As process 1. */
static void start_resolver(void)
{
	spec_length = 0;
	put(ZONE_OP_RESOLVER, "\x7f\0\0\x0b", 4);
	put(ZONE_OP_NETWORK, NULL, 0);
	create(1);
	CHECK(reported(ZONE_REPORT_CREATED, 1, 0, 0));
	CHECK(reported(ZONE_REPORT_STARTED, 1, 0, 0));
}

/* The container may be a name server itself. */
static int serve_there(int type, bool reuse)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket_there(type);

	if (reuse)
		CHECK(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)));
	CHECK(!bind(fd, (struct sockaddr *)&any, sizeof(any)));
	if (type == SOCK_STREAM)
		CHECK(!listen(fd, 1));
	return fd;
}

static void passes_queries_on_in_zone(void)
{
	char first[12], second[12], answer[14];
	int one, other, server;

	idle_container();
	start_resolver();
	server = serve_there(SOCK_DGRAM, false);
	one = asker(SOCK_DGRAM);
	other = asker(SOCK_DGRAM);
	/* Of two with the same ID, the second has another on its way, and its own in the answer. */
	CHECK_EQ(send(one, "short", 5, 0), 5);
	CHECK_EQ(send(one, "IDof the one", 12, 0), 12);
	read_query(1, first, sizeof(first));
	CHECK(!memcmp(first, "IDof the one", 12));
	CHECK_EQ(send(other, "IDof another", 12, 0), 12);
	read_query(1, second, sizeof(second));
	CHECK(memcmp(first, second, 2) && !memcmp(second + 2, "of another", 10));
	memcpy(answer, second, 2);
	memcpy(answer + 2, "for another ", 12);
	give_answer(answer, 14);
	CHECK_EQ(recv(other, answer, sizeof(answer), 0), 14);
	CHECK(!memcmp(answer, "IDfor another ", 14));
	/* It is answered, once. */
	give_answer(second, 12);
	memcpy(answer, first, 2);
	give_answer(answer, 14);
	CHECK(recv(one, answer, sizeof(answer), 0) > 0 && !memcmp(answer, "IDfor another ", 14));
	CHECK_EQ(recv(other, answer, sizeof(answer), MSG_DONTWAIT), -1);
	CHECK_EQ(recv(server, answer, sizeof(answer), MSG_DONTWAIT), -1);
	close(server);
	close(one);
	close(other);
	/* The container's end does not wait for it. */
	ask(ZONE_EVENT_SIGNAL, 0, SIGKILL, 0);
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGKILL, 0));
}

static void connect_with_dom0(uint32_t number)
{
	spec_length = 0;
	put(ZONE_OP_CONNECTION, NULL, 0);
	create(number);
	CHECK(reported(ZONE_REPORT_CREATED, number, 0, 0));
	CHECK(reported(ZONE_REPORT_STARTED, number, 0, 0));
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Larger than a piece of what is between zone init and dom0, not than what a FIFO holds. */
#define MESSAGE 50002

static void connects_in_zone(void)
{
	static char message[MESSAGE], got[MESSAGE];
	int clients[ZONE_CONNECTIONS_MAX + 1], server;
	long killed;

	idle_container();
	spec_length = 0;
	put(ZONE_OP_CONNECTION, NULL, 0);
	fails(2, NO_INDEX, ENOTCONN);
	start_resolver();
	server = serve_there(SOCK_STREAM, false);
	for (size_t i = 0; i < ZONE_CONNECTIONS_MAX + 1; i++)
		clients[i] = asker(SOCK_STREAM);
	for (size_t i = 0; i < ZONE_CONNECTIONS_MAX; i++)
		CHECK(reported(ZONE_REPORT_CONNECT, 0, 0, 0));
	/* Connections that are there do not keep it from its port. */
	close(server);
	server = serve_there(SOCK_STREAM, true);
	/* The first has two queries. */
	connect_with_dom0(3);
	CHECK_EQ(send(clients[0], "\0\3onelost", 9, 0), 9);
	read_query(3, got, 5);
	CHECK(!memcmp(got, "\0\3one", 5));
	memset(message, 'm', sizeof(message));
	memcpy(message, "\xc3\x50", 2);
	CHECK_EQ(write(streams[3][0], message, MESSAGE), MESSAGE);
	CHECK_EQ(recv(clients[0], got, MESSAGE, MSG_WAITALL), MESSAGE);
	CHECK(!memcmp(got, message, MESSAGE));
	/* With its end there is room for another; a message that is cut short is the client's affair. */
	close(clients[0]);
	CHECK(reported(ZONE_REPORT_EXITED, 3, 0, 0));
	CHECK(reported(ZONE_REPORT_CONNECT, 0, 0, 0));
	/* Where dom0's end is closed, so is the client's. */
	connect_with_dom0(4);
	CHECK_EQ(send(clients[1], "\0\1x", 3, 0), 3);
	read_query(4, got, 3);
	close(streams[4][0]);
	streams[4][0] = 0;
	CHECK(reported(ZONE_REPORT_EXITED, 4, 0, 0));
	CHECK_EQ(recv(clients[1], got, 1, 0), 0);
	/* One who says nothing is not waited for without end. */
	connect_with_dom0(5);
	CHECK(reported(ZONE_REPORT_EXITED, 5, 0, 0));
	CHECK_EQ(recv(clients[2], got, 1, 0), 0);
	/* Nor does the container's end wait for an answer. */
	connect_with_dom0(6);
	CHECK_EQ(send(clients[3], "\0\1y", 3, 0), 3);
	read_query(6, got, 3);
	ask(ZONE_EVENT_SIGNAL, 0, SIGKILL, 0);
	killed = milliseconds();
	CHECK(reported(ZONE_REPORT_EXITED, 0, SIGKILL, 0));
	CHECK(milliseconds() - killed < 1500);
	for (size_t i = 1; i < ZONE_CONNECTIONS_MAX + 1; i++)
		close(clients[i]);
	close(server);
}

ZONE_TEST(sets_up)
ZONE_TEST(moves_into_the_containers)
ZONE_TEST(is_there_before_its_sysctls)
ZONE_TEST(takes_changes)
ZONE_TEST(says_what_fails)
ZONE_TEST(passes_queries_on)
ZONE_TEST(connects)

int main(int argc, char **argv)
{
	(void)argc;
	zone_devices = make_devices;
	if (!zone_prepare(argv[0]))
		return 1;
	RUN(sets_up);
	RUN(moves_into_the_containers);
	RUN(is_there_before_its_sysctls);
	RUN(takes_changes);
	RUN(says_what_fails);
	RUN(passes_queries_on);
	RUN(connects);
	rmdir(top);
	return unit_end();
}
