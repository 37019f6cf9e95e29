/* SPDX-License-Identifier: Apache-2.0 */
/* The container's interfaces, addresses and routes. Names and numbers are dom0's, checked by its kernel. */
#include "initramfs/network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "initramfs/platform.h"
#include "initramfs/zone_wire.h"
#include "util/cleanup.h"
#include "util/netlink.h"

/* Front ends are there soon after they are announced. */
#define DEVICE_SECONDS 30

/* Where the fields stand that are no u32; zone_wire.h. */
enum { ADDRESS_BROADCAST = 28, ADDRESS_LOCAL = 32, ADDRESS_PEER = 48 };
enum { ROUTE_DESTINATION = 40, ROUTE_GATEWAY = 56, ROUTE_SOURCE = 72 };

/* Of each device, the index of its interface in the container's namespace; 0 before it has one. */
static int indexes[ZONE_INTERFACES_MAX];

int network_loopback(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "lo");
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		return -1;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* Descriptors, -1 for none. */
struct place {
	int fd;	       /* a socket of the container's namespace */
	int namespace; /* which is this one; -1 for the zone's own */
};

static const char current[] = "/proc/thread-self/ns/net";

/* A socket is of the namespace that it was made in. Puts what go_back() takes into *own, -1 for nothing. */
static int go_into(int pidfd, int *own)
{
	*own = pidfd < 0 ? -1 : open(current, O_RDONLY | O_CLOEXEC);
	if (pidfd < 0 || (*own >= 0 && !setns(pidfd, CLONE_NEWNET)))
		return 0;
	if (*own >= 0)
		close(*own);
	return -1;
}

/* errno stays. */
static void go_back(int own)
{
	int error = errno;

	if (own >= 0 && setns(own, CLONE_NEWNET))
		/* Everything else would be the container's from here on. */
		zone_power_off();
	if (own >= 0)
		close(own);
	errno = error;
}

static int enter(struct place *place, int pidfd)
{
	int own;

	if (go_into(pidfd, &own))
		return -1;
	place->namespace = pidfd < 0 ? -1 : open(current, O_RDONLY | O_CLOEXEC);
	place->fd = netlink_open();
	go_back(own);
	return place->fd < 0 || (pidfd >= 0 && place->namespace < 0) ? -1 : 0;
}

int network_socket(int pidfd, int type, int protocol)
{
	int own, fd;

	if (go_into(pidfd, &own))
		return -1;
	fd = socket(AF_INET, type, protocol);
	go_back(own);
	return fd;
}

static void leave(const struct place *place)
{
	int error = errno;

	if (place->fd >= 0)
		close(place->fd);
	if (place->namespace >= 0)
		close(place->namespace);
	errno = error;
}

static int rename_link(int fd, int index, const char *name)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	netlink_put_string(&request, IFLA_IFNAME, name);
	return netlink_do(fd, &request);
}

/* The names that the kernel gave are in the order in which devices came. */
static int take_name(int fd, int index, const char *name)
{
	int other = netlink_find(fd, name);

	if (other == index)
		return 0;
	if (other && rename_link(fd, other, "zone%d"))
		return -1;
	return rename_link(fd, index, name);
}

/* From the zone's namespace to the container's. */
static int move_link(const struct place *place, int index, const char *name)
{
	cleanup_close int zone = netlink_open();
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	netlink_put_u32(&request, IFLA_NET_NS_FD, (uint32_t)place->namespace);
	netlink_put_string(&request, IFLA_IFNAME, name);
	return zone < 0 ? -1 : netlink_do(zone, &request);
}

static int find_device(const struct place *place, uint32_t device, const char *name)
{
	int index = device_interface(device, DEVICE_SECONDS);

	if (index < 0)
		return -1;
	if (place->namespace < 0 ? take_name(place->fd, index, name) : move_link(place, index, name))
		return -1;
	/* Who moves may get another. */
	indexes[device] = netlink_find(place->fd, name);
	if (indexes[device])
		return 0;
	errno = ENODEV;
	return -1;
}

static int set_interface(const struct place *place, const struct op *op)
{
	uint32_t device = op_u32(op, 0), flags = op_u32(op, 2);
	struct netlink_request request;
	struct ifinfomsg *info;

	if (device >= ZONE_INTERFACES_MAX) {
		errno = EBADMSG;
		return -1;
	}
	if (!indexes[device] && find_device(place, device, op->strings))
		return -1;
	/* All of its addresses come from dom0, the link's own as well. */
	if (netlink_no_own_address(place->fd, indexes[device]))
		return -1;
	info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = indexes[device];
	info->ifi_change = IFF_UP;
	info->ifi_flags = flags & ZONE_INTERFACE_UP ? IFF_UP : 0;
	netlink_put_u32(&request, IFLA_MTU, op_u32(op, 1));
	return netlink_do(place->fd, &request);
}

/* -1 for a device that no operation has set up. */
static int index_of(uint32_t device)
{
	if (device == ZONE_DEVICE_LOOPBACK)
		return 1;
	if (device < ZONE_INTERFACES_MAX && indexes[device])
		return indexes[device];
	errno = EBADMSG;
	return -1;
}

static size_t address_length(uint32_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	while (length && !*bytes)
		bytes++, length--;
	return !length;
}

static int add_address(int fd, const struct op *op)
{
	struct netlink_request request;
	struct ifaddrmsg *info =
		netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
	struct ifa_cacheinfo times = {.ifa_prefered = op_u32(op, 5), .ifa_valid = op_u32(op, 6)};
	size_t length = address_length(op_u32(op, 1));
	int index = index_of(op_u32(op, 0));

	if (index < 0)
		return -1;
	info->ifa_index = (uint32_t)index;
	info->ifa_family = (uint8_t)op_u32(op, 1);
	info->ifa_prefixlen = (uint8_t)op_u32(op, 2);
	info->ifa_scope = (uint8_t)op_u32(op, 3);
	netlink_put(&request, IFA_LOCAL, op->fields + ADDRESS_LOCAL, length);
	netlink_put(&request, IFA_ADDRESS, op->fields + ADDRESS_PEER, length);
	netlink_put_u32(&request, IFA_FLAGS, op_u32(op, 4));
	if (info->ifa_family == AF_INET && !is_zero(op->fields + ADDRESS_BROADCAST, 4))
		netlink_put(&request, IFA_BROADCAST, op->fields + ADDRESS_BROADCAST, 4);
	netlink_put(&request, IFA_CACHEINFO, &times, sizeof(times));
	return netlink_do(fd, &request);
}

static void put_gateway(struct netlink_request *request, const struct op *op)
{
	uint16_t family = (uint16_t)op_u32(op, 9);
	const uint8_t *address = op->fields + ROUTE_GATEWAY;
	uint8_t via[sizeof(struct rtvia) + 16];

	if (!family)
		return;
	if (family == op_u32(op, 1)) {
		netlink_put(request, RTA_GATEWAY, address, address_length(family));
		return;
	}
	memcpy(via, &family, sizeof(family));
	memcpy(via + offsetof(struct rtvia, rtvia_addr), address, address_length(family));
	netlink_put(request, RTA_VIA, via, offsetof(struct rtvia, rtvia_addr) + address_length(family));
}

static int add_route(int fd, const struct op *op)
{
	struct netlink_request request;
	/* Not EXCL, nor REPLACE: there may be others of the same destination, by other interfaces. */
	struct rtmsg *info =
		netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, sizeof(*info));
	uint32_t device = op_u32(op, 0), family = op_u32(op, 1), prefix = op_u32(op, 2);
	size_t length = address_length(family);
	int index = device == ZONE_DEVICE_NONE ? 0 : index_of(device);

	if (index < 0)
		return -1;
	info->rtm_family = (uint8_t)family;
	info->rtm_dst_len = (uint8_t)prefix;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_type = (uint8_t)op_u32(op, 3);
	info->rtm_scope = (uint8_t)op_u32(op, 4);
	info->rtm_protocol = (uint8_t)op_u32(op, 5);
	info->rtm_flags = op_u32(op, 7);
	if (prefix)
		netlink_put(&request, RTA_DST, op->fields + ROUTE_DESTINATION, length);
	if (index)
		netlink_put_u32(&request, RTA_OIF, (uint32_t)index);
	put_gateway(&request, op);
	if (!is_zero(op->fields + ROUTE_SOURCE, length))
		netlink_put(&request, RTA_PREFSRC, op->fields + ROUTE_SOURCE, length);
	netlink_put_u32(&request, RTA_PRIORITY, op_u32(op, 6));
	if (op_u32(op, 8)) {
		size_t metrics = netlink_nest(&request, RTA_METRICS);

		netlink_put_u32(&request, RTAX_MTU, op_u32(op, 8));
		netlink_nest_end(&request, metrics);
	}
	/* That of an address came with it. */
	return netlink_do(fd, &request) && errno != EEXIST ? -1 : 0;
}

int network_apply(const struct spec *spec, int pidfd, uint32_t *index)
{
	struct place place = {.fd = -1, .namespace = -1};
	const uint8_t *position = NULL;
	struct op op = {0};
	int result = 0;

	while (!result && spec_next(spec, &position, &op)) {
		if (op.type != ZONE_OP_INTERFACE && op.type != ZONE_OP_ADDRESS && op.type != ZONE_OP_ROUTE)
			continue;
		*index = op.index;
		if (place.fd < 0 && enter(&place, pidfd))
			result = -1;
		else if (op.type == ZONE_OP_INTERFACE)
			result = set_interface(&place, &op);
		else
			result = op.type == ZONE_OP_ADDRESS ? add_address(place.fd, &op)
							    : add_route(place.fd, &op);
	}
	leave(&place);
	return result;
}
