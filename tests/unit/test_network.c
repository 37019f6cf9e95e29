/* SPDX-License-Identifier: Apache-2.0 */
/* The container's network namespace: what rtnetlink says of it, what is refused, and the operations it
 * becomes. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/stat.h>

#include "container/namespaces.h"
#include "container/network.h"
#include "tests/unit/test_ocispec.h"
#include "tests/unit/unit.h"
#include "util/netlink.h"

static struct network network;
static struct spec spec;

/* The spec's operations on the network as dom0 writes them; of zone_wire.h. */
struct address_op {
	uint32_t device, family, prefix, scope, flags, preferred, valid;
	uint8_t broadcast[4], local[16], peer[16];
};
struct route_op {
	uint32_t device, family, prefix, type, scope, protocol, metric, flags, mtu, gateway_family;
	uint8_t destination[16], gateway[16], source[16];
};

static bool is(uint32_t family, const uint8_t *address, const char *text)
{
	char found[INET6_ADDRSTRLEN] = "";

	inet_ntop((int)family, address, found, sizeof(found));
	if (!strcmp(found, text))
		return true;
	printf("# %s is not %s\n", found, text);
	return false;
}

/* The operation whose property is that; NULL if there is none. */
static const void *operation(const char *property, uint32_t type)
{
	const uint8_t *at = spec.data;

	for (uint32_t i = 0; i < spec.count; i++) {
		struct zone_op op;

		memcpy(&op, at, sizeof(op));
		if (spec.types[i] == type && !strcmp(spec.paths[i], property))
			return at + sizeof(op);
		at += sizeof(op) + ((op.length + 7) & ~7U);
	}
	printf("# no operation of %s\n", property);
	return NULL;
}

/* A namespace of that test's own, in which a shell has run. */
static int namespace_with(const char *script)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), made;

	CHECK(!unshare(CLONE_NEWNET) && !system(script));
	made = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(!setns(own, CLONE_NEWNET));
	close(own);
	return made;
}

static void end(int namespace)
{
	network_free(&network);
	spec_free(&spec);
	if (namespace >= 0)
		close(namespace);
}

static void reads_an_empty_one(void)
{
	struct error err = {0};
	int namespace = namespace_with("ip link set lo up");

	CHECK(!network_read(namespace, &network, &err));
	CHECK(!network.interfaces_len && !network.addresses_len && !network.routes_len);
	compile_network(&network, &spec);
	CHECK_EQ(spec.count, 0);
	end(namespace);
}

static void reads_all(void)
{
	const struct address_op *address;
	const struct route_op *route;
	const uint32_t *interface;
	struct error err = {0};
	int namespace = namespace_with(
		"ip link set lo up; ip addr add 10.5.5.5/32 dev lo;"
		"ip link add net3 mtu 1400 address 02:00:00:00:00:03 type veth peer name other;"
		"ip link set net3 up; ip link set other up; ip link add name idle type veth peer name far;"
		"ip addr add 10.1.0.2/24 brd + dev net3; ip addr add 10.2.0.2 peer 10.2.0.1/32 dev net3;"
		"ip addr add fd01::2/64 dev net3 nodad; ip addr add 10.3.0.2/24 dev net3 scope link;"
		"ip addr add 10.1.0.3/24 dev net3;"
		"ip route add default via 10.1.0.1 metric 50 mtu 1200;"
		"ip route add 10.80.0.0/16 via 192.0.2.1 dev net3 onlink src 10.1.0.3;"
		"ip route add blackhole 10.81.0.0/16; ip route add 10.82.0.0/16 via inet6 fd01::9 dev net3;"
		"ip -6 route add default via fd01::1 metric 7; ip route add 10.9.0.0/24 dev net3 table 77");

	CHECK(!network_read(namespace, &network, &err) && !network_number(&network, NULL, &err));
	CHECK_EQ(network.interfaces_len, 4);
	compile_network(&network, &spec);
	interface = operation("network namespace: net3", ZONE_OP_INTERFACE);
	if (CHECK(interface != NULL)) {
		CHECK_EQ(interface[1], 1400);
		CHECK_EQ(interface[2], ZONE_INTERFACE_UP);
		CHECK(!strcmp((const char *)&interface[4], "net3"));
	}
	for (size_t i = 0; i < network.interfaces_len; i++) {
		CHECK_EQ(network.interfaces[i].device, i);
		if (!strcmp(network.interfaces[i].name, "net3"))
			CHECK(!memcmp(network.interfaces[i].mac, "\2\0\0\0\0\3", 6));
	}
	interface = operation("network namespace: idle", ZONE_OP_INTERFACE);
	CHECK(interface && interface[2] == 0);

	address = operation("network namespace: net3: 10.1.0.2/24", ZONE_OP_ADDRESS);
	CHECK(address && is(AF_INET, address->broadcast, "10.1.0.255") && address->valid == UINT32_MAX);
	address = operation("network namespace: net3: 10.2.0.2/32", ZONE_OP_ADDRESS);
	CHECK(address && is(AF_INET, address->peer, "10.2.0.1") && is(AF_INET, address->local, "10.2.0.2"));
	address = operation("network namespace: net3: 10.3.0.2/24", ZONE_OP_ADDRESS);
	CHECK(address && address->scope == RT_SCOPE_LINK && is(AF_INET, address->broadcast, "0.0.0.0"));
	/* The second of its subnet. */
	CHECK(operation("network namespace: net3: 10.1.0.3/24", ZONE_OP_ADDRESS));
	address = operation("network namespace: net3: fd01::2/64", ZONE_OP_ADDRESS);
	CHECK(address && address->flags & IFA_F_NODAD && is(AF_INET6, address->peer, "fd01::2"));
	address = operation("network namespace: lo: 10.5.5.5/32", ZONE_OP_ADDRESS);
	CHECK(address && address->device == ZONE_DEVICE_LOOPBACK);

	route = operation("network namespace: route to 0.0.0.0/0", ZONE_OP_ROUTE);
	CHECK(route && route->metric == 50 && route->mtu == 1200 && route->gateway_family == AF_INET &&
		is(AF_INET, route->gateway, "10.1.0.1"));
	route = operation("network namespace: route to 10.80.0.0/16", ZONE_OP_ROUTE);
	CHECK(route && route->flags == RTNH_F_ONLINK && is(AF_INET, route->source, "10.1.0.3"));
	route = operation("network namespace: route to 10.81.0.0/16", ZONE_OP_ROUTE);
	CHECK(route && route->type == RTN_BLACKHOLE && route->device == ZONE_DEVICE_NONE);
	route = operation("network namespace: route to 10.82.0.0/16", ZONE_OP_ROUTE);
	CHECK(route && route->gateway_family == AF_INET6 && is(AF_INET6, route->gateway, "fd01::9"));
	route = operation("network namespace: route to ::/0", ZONE_OP_ROUTE);
	CHECK(route && route->metric == 7 && is(AF_INET6, route->gateway, "fd01::1"));
	for (uint32_t i = 0; i < spec.count; i++) {
		CHECK(strcmp(spec.paths[i], "network namespace: route to 10.9.0.0/24"));
		CHECK(!strstr(spec.paths[i], "127.0.0.1") && !strstr(spec.paths[i], "lo: ::1"));
	}
	/* Where a gateway is comes before who goes by it. */
	for (size_t i = 1; i < network.routes_len; i++)
		CHECK(!network.routes[i - 1].gateway_family || network.routes[i].gateway_family);
	end(namespace);
}

static void keeps_numbers(void)
{
	struct network before = {
		.interfaces_len = 2, .interfaces = {{.index = 4, .device = 0}, {.index = 9, .device = 1}}};
	struct network now = {.interfaces_len = 3,
		.interfaces = {{.index = 3, .device = ZONE_DEVICE_NONE},
			{.index = 9, .device = ZONE_DEVICE_NONE}, {.index = 11, .device = ZONE_DEVICE_NONE}}};
	struct error err = {0};

	CHECK(!network_number(&now, &before, &err));
	CHECK_EQ(now.interfaces[0].device, 2);
	CHECK_EQ(now.interfaces[1].device, 1);
	CHECK_EQ(now.interfaces[2].device, 3);
	before.interfaces[1].device = ZONE_INTERFACES_MAX - 1;
	now.interfaces[0].device = now.interfaces[2].device = ZONE_DEVICE_NONE;
	CHECK(network_number(&now, &before, &err));
	error_clear(&err);
}

/* Reading a namespace with that in it fails, and says so. */
static void refuses_with(const char *script, const char *message)
{
	struct error err = {0};
	int namespace = namespace_with(script);

	if (CHECK(network_read(namespace, &network, &err)))
		CHECK(same(error_message(&err), message));
	error_clear(&err);
	end(namespace);
}

static void refuses_what_a_zone_has_not(void)
{
	refuses_with("ip link add name a0 type veth peer name b0; ip link set a0 up; ip link set b0 up; ip "
		     "addr add 10.1.0.2/24 dev a0;"
		     "ip route add 10.8.0.0/16 nexthop via 10.1.0.3 nexthop via 10.1.0.4",
		"network namespace: route to 10.8.0.0/16: has several next hops, which is not supported yet");
	refuses_with("for i in 1 2 3 4 5 6 7 8 9; do ip link add name a$i type veth peer name b$i; done",
		"network namespace: b9: more interfaces than a zone can have");
}

/* Messages that no kernel sends, and some that one sends. */
static struct netlink_request message;

static void begin_link(unsigned type, unsigned flags, const char *name, const char *mac)
{
	struct ifinfomsg *info = netlink_begin(&message, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = 7;
	info->ifi_type = (unsigned short)type;
	info->ifi_flags = flags;
	netlink_put(&message, IFLA_ADDRESS, mac, 6);
	netlink_put_string(&message, IFLA_IFNAME, name);
}

static void takes_messages(void)
{
	struct ifaddrmsg *address;
	struct rtmsg *route;

	begin_link(ARPHRD_ETHER, IFF_UP, "eth0", "abcdef");
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK_EQ(network.interfaces_len, 1);
	begin_link(ARPHRD_ETHER, IFF_UP, "vif3.0", "\xfe\xff\xff\xff\xff\xff");
	CHECK_EQ(network_take(&network, &message.header), 0);
	begin_link(ARPHRD_ETHER, IFF_UP, "port", "abcdef");
	netlink_put_u32(&message, IFLA_MASTER, 3);
	CHECK_EQ(network_take(&network, &message.header), 0);
	begin_link(ARPHRD_TUNNEL, 0, "tunl0", "abcdef");
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK_EQ(network.interfaces_len, 1);
	CHECK(!network.refused);
	begin_link(ARPHRD_TUNNEL, IFF_UP, "tunl1", "abcdef");
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK(same(network.refused, "tunl1: a zone's interfaces are Ethernet, and this one is not"));

	begin_link(ARPHRD_ETHER, 0, "a-name-that-is-too-long", "abcdef");
	CHECK_EQ(network_take(&network, &message.header), EBADMSG);
	message.header.nlmsg_len = NLMSG_LENGTH(4);
	CHECK_EQ(network_take(&network, &message.header), EBADMSG);

	/* Another host has it. */
	address = netlink_begin(&message, RTM_NEWADDR, 0, sizeof(*address));
	address->ifa_family = AF_INET6;
	address->ifa_index = 7;
	netlink_put(&message, IFA_ADDRESS, "0123456789abcdef", 16);
	netlink_put_u32(&message, IFA_FLAGS, IFA_F_DADFAILED);
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK_EQ(network.addresses_len, 0);
	/* Too short. */
	address = netlink_begin(&message, RTM_NEWADDR, 0, sizeof(*address));
	address->ifa_family = AF_INET6;
	netlink_put(&message, IFA_ADDRESS, "0123", 4);
	CHECK_EQ(network_take(&network, &message.header), EBADMSG);
	/* Of an interface that is not there. */
	address->ifa_family = AF_INET;
	address->ifa_index = 8;
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK_EQ(network.addresses_len, 0);

	route = netlink_begin(&message, RTM_NEWROUTE, 0, sizeof(*route));
	route->rtm_family = AF_INET;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_type = RTN_UNICAST;
	netlink_put_u32(&message, RTA_OIF, 7);
	netlink_put(&message, RTA_VIA, "xx", 2);
	CHECK_EQ(network_take(&network, &message.header), EBADMSG);
	route->rtm_table = RT_TABLE_LOCAL;
	CHECK_EQ(network_take(&network, &message.header), 0);
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_RA;
	CHECK_EQ(network_take(&network, &message.header), 0);
	CHECK_EQ(network.routes_len, 0);
	end(-1);
}

/* A socket of this namespace at an address of the loopback. */
static int socket_at(uint32_t address, uint16_t port)
{
	struct sockaddr_in own = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(address)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(!bind(fd, (struct sockaddr *)&own, sizeof(own)));
	return fd;
}

static void finds_a_resolver(void)
{
	const struct sockaddr_in far = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0x7f000001)}};
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
	    namespace = namespace_with("ip link set lo up"), sockets[4], query;
	struct error err = {0};
	uint8_t address[4];
	char text[8];

	CHECK(!setns(namespace, CLONE_NEWNET));
	/* What is everybody's, at 127.0.0.1, or connected, is none. */
	sockets[0] = socket_at(INADDR_ANY, 53);
	sockets[1] = socket_at(INADDR_LOOPBACK, 5353);
	sockets[2] = socket_at(0x7f000007, 7);
	CHECK(!connect(sockets[2], (const struct sockaddr *)&far, sizeof(far)));
	CHECK(!network_resolver(getpid(), address));
	close(sockets[0]);
	/* Docker's own port is another; its namespace's NAT has 53. */
	sockets[3] = socket_at(0x7f00000b, 40000);
	CHECK(network_resolver(getpid(), address) && !memcmp(address, "\x7f\0\0\x0b", 4));
	sockets[0] = socket_at(0x7f00000b, 53);
	CHECK(!setns(own, CLONE_NEWNET));

	query = network_resolver_connect(namespace, address, SOCK_DGRAM, &err);
	CHECK(query >= 0 && send(query, "query", 5, 0) == 5);
	CHECK_EQ(recv(sockets[0], text, sizeof(text), MSG_DONTWAIT), 5);
	close(query);
	compile_resolver(address, &spec);
	CHECK(operation("network namespace: resolver 127.0.0.11", ZONE_OP_RESOLVER) != NULL);
	for (size_t i = 0; i < 4; i++)
		close(sockets[i]);
	CHECK(!network_resolver(-1, address));
	close(own);
	end(namespace);
}

static const char *chosen(const char *namespaces, int *fd)
{
	static char said[256];
	struct error err = {0};
	char *text = document(namespaces);
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	if (config)
		network_namespace(config, fd, &err);
	snprintf(said, sizeof(said), "%s", err.message ? err.message : "");
	error_clear(&err);
	oci_config_free(config);
	free(text);
	return said;
}

static const char *checked(const char *namespaces)
{
	static char said[256];
	struct error err = {0};
	char *text = document(namespaces);
	struct oci_config *config = oci_config_parse(text, strlen(text), &err);

	if (config)
		namespaces_check(config, &err);
	snprintf(said, sizeof(said), "%s", err.message ? err.message : "");
	error_clear(&err);
	oci_config_free(config);
	free(text);
	return said;
}

static void refuses_the_hosts(void)
{
	CHECK(same(checked("'linux':{'namespaces':[{'type':'pid'},{'type':'ipc'}]}"), ""));
	CHECK(same(checked("'linux':{'namespaces':[{'type':'pid'}]}"),
		"linux.namespaces: no entry \"ipc\": a zone cannot share the host's IPC objects: "
		"leave --ipc=host out"));
	CHECK(same(checked("'linux':{'namespaces':[{'type':'ipc'}]}"),
		"linux.namespaces: no entry \"pid\": a zone cannot share the host's processes: "
		"leave --pid=host out"));
	CHECK(same(checked("'linux':{'namespaces':[{'type':'pid'},"
			   "{'type':'ipc','path':'/proc/self/ns/ipc'}]}"),
		"linux.namespaces[1].path: /proc/self/ns/ipc: a zone cannot share the host's IPC objects: "
		"leave --ipc=host out"));
	CHECK(same(checked("'linux':{'namespaces':[{'type':'pid'},{'type':'ipc','path':'/nowhere'}]}"),
		"linux.namespaces[1].path: /nowhere: No such file or directory"));
}

#define INSTEAD                                                                                         \
	"a zone cannot share the host's network: give it one of its own (podman run --network=bridge, " \
	"or --network=none)"

static void chooses_the_namespace(void)
{
	char properties[128], expected[256];
	int fd = -1, other = namespace_with("true");
	struct stat wanted, found;

	CHECK(same(chosen("'linux':{'namespaces':[{'type':'pid'}]}", &fd),
		"linux.namespaces: no entry \"network\": " INSTEAD));
	CHECK(same(chosen("'linux':{'namespaces':[{'type':'network'}]}", &fd), ""));
	CHECK_EQ(fd, -1);
	CHECK(same(chosen("'linux':{'namespaces':[{'type':'network','path':'/proc/self/ns/net'}]}", &fd),
		"linux.namespaces[0].path: /proc/self/ns/net: " INSTEAD));
	CHECK(same(chosen("'linux':{'namespaces':[{'type':'network','path':'/proc/self/ns/uts'}]}", &fd),
		"linux.namespaces[0].path: /proc/self/ns/uts is no network namespace"));
	snprintf(properties, sizeof(properties),
		"'linux':{'namespaces':[{'type':'network','path':'/proc/self/fd/%d'}]}", other);
	snprintf(expected, sizeof(expected), "%s", chosen(properties, &fd));
	CHECK(same(expected, ""));
	CHECK(!fstat(other, &wanted) && !fstat(fd, &found) && wanted.st_ino == found.st_ino);
	close(other);
	close(fd);
}

int main(void)
{
	int open_fds = unit_open_fds();

	RUN(reads_an_empty_one);
	RUN(reads_all);
	RUN(keeps_numbers);
	RUN(refuses_what_a_zone_has_not);
	RUN(takes_messages);
	RUN(finds_a_resolver);
	RUN(chooses_the_namespace);
	RUN(refuses_the_hosts);
	if (unit_open_fds() != open_fds)
		return 1;
	return unit_end();
}
