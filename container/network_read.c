/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a network namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/if_addr.h>

#include "container/network.h"
#include "container/network_internal.h"
#include "util/cleanup.h"
#include "util/netlink.h"

/* More than any container has; each is a route that the zone has to make. */
#define ENTRIES_MAX 4096

void network_free(struct network *network)
{
	free(network->addresses);
	free(network->routes);
	free(network->refused);
	memset(network, 0, sizeof(*network));
}

int network_enter(int namespace, struct error *err)
{
	cleanup_close int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0 || setns(namespace, CLONE_NEWNET))
		return error_set(err, errno, "cannot enter the container's network namespace");
	return steal_fd(&own);
}

void network_leave(int own)
{
	int error = errno;

	if (setns(own, CLONE_NEWNET))
		/* In the wrong namespace nothing may go on. */
		abort();
	close(own);
	errno = error;
}

int network_socket(int namespace, struct error *err)
{
	int own = network_enter(namespace, err), fd;

	if (own < 0)
		return -1;
	fd = netlink_open();
	network_leave(own);
	return fd < 0 ? error_set(err, errno, "cannot ask for the container's network") : fd;
}

/* The first thing is what is said. */
static int refuse(struct network *network, const char *name, const char *why)
{
	if (!network->refused && asprintf(&network->refused, "%s: %s", name, why) < 0) {
		network->refused = NULL;
		return ENOMEM;
	}
	return 0;
}

/* dom0's end of some zone's interface. */
static bool is_vif(const char *name, const uint8_t mac[6])
{
	static const uint8_t netback[] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

	return strncmp(name, "vif", 3) == 0 && memcmp(mac, netback, sizeof(netback)) == 0;
}

static int take_link(struct network *network, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct rtattr *table[IFLA_MAX + 1];
	struct network_interface *interface;
	char name[IF_NAMESIZE];
	uint8_t mac[6];

	if (!netlink_sort_message(table, IFLA_MAX + 1, message, sizeof(*info)) || !table[IFLA_IFNAME] ||
		RTA_PAYLOAD(table[IFLA_IFNAME]) > sizeof(name))
		return EBADMSG;
	memset(name, 0, sizeof(name));
	memcpy(name, RTA_DATA(table[IFLA_IFNAME]), RTA_PAYLOAD(table[IFLA_IFNAME]));
	name[sizeof(name) - 1] = '\0';
	if (info->ifi_flags & IFF_LOOPBACK) {
		network->loopback = info->ifi_index;
		return 0;
	}
	/* A part of another: packets come by that. */
	if (table[IFLA_MASTER])
		return 0;
	if (info->ifi_type != ARPHRD_ETHER || !netlink_get(table[IFLA_ADDRESS], mac, sizeof(mac)))
		/* Tunnels that a module puts into each namespace are down. */
		return info->ifi_flags & IFF_UP
			       ? refuse(network, name,
					 "a zone's interfaces are Ethernet, and this one is not")
			       : 0;
	if (is_vif(name, mac))
		return 0;
	if (network->interfaces_len == ZONE_INTERFACES_MAX)
		return refuse(network, name, "more interfaces than a zone can have");
	interface = &network->interfaces[network->interfaces_len++];
	*interface = (struct network_interface){
		.index = info->ifi_index,
		.device = ZONE_DEVICE_NONE,
		.mtu = netlink_get_u32(table[IFLA_MTU]),
		.up = info->ifi_flags & IFF_UP,
	};
	memcpy(interface->name, name, sizeof(name));
	memcpy(interface->mac, mac, sizeof(mac));
	return 0;
}

/* Room for one more at the end of an array; counts that are powers of two are full. */
static int grow(void *array, size_t len, size_t size)
{
	void **list = array, *grown;

	if (len >= ENTRIES_MAX)
		return E2BIG;
	if (len & (len - 1))
		return 0;
	grown = reallocarray(*list, len ? 2 * len : 1, size);
	if (!grown)
		return ENOMEM;
	*list = grown;
	return 0;
}

static size_t address_length(int family)
{
	return family == AF_INET ? 4 : 16;
}

static bool has_interface(const struct network *network, int index)
{
	for (size_t i = 0; i < network->interfaces_len; i++)
		if (network->interfaces[i].index == index)
			return true;
	return false;
}

/* The zone's own loopback has these. */
static bool is_localhost(const struct network_address *address)
{
	static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};

	return address->family == AF_INET ? memcmp(address->local, v4, sizeof(v4)) == 0
					  : memcmp(address->local, v6, sizeof(v6)) == 0;
}

static int take_address(struct network *network, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct rtattr *table[IFA_MAX + 1];
	struct network_address address = {.preferred = UINT32_MAX, .valid = UINT32_MAX};
	struct ifa_cacheinfo times;
	size_t length;
	int error;

	if (!netlink_sort_message(table, IFA_MAX + 1, message, sizeof(*info)))
		return EBADMSG;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	length = address_length(info->ifa_family);
	address.index = (int)info->ifa_index;
	address.family = info->ifa_family;
	address.prefix = info->ifa_prefixlen;
	address.scope = info->ifa_scope;
	address.flags = table[IFA_FLAGS] ? netlink_get_u32(table[IFA_FLAGS]) : info->ifa_flags;
	/* IPv6 has no IFA_LOCAL but with a peer. */
	if (!netlink_get(table[IFA_ADDRESS], address.peer, length))
		return EBADMSG;
	if (!netlink_get(table[IFA_LOCAL], address.local, length))
		memcpy(address.local, address.peer, length);
	netlink_get(table[IFA_BROADCAST], address.broadcast, sizeof(address.broadcast));
	if (netlink_get(table[IFA_CACHEINFO], &times, sizeof(times))) {
		address.preferred = times.ifa_prefered;
		address.valid = times.ifa_valid;
	}
	/* One that another host has, or that the host would change from time to time. The bit of the latter
	 * says of an address of IPv4 that it is not the first of its subnet. */
	if (address.family == AF_INET6 && address.flags & (IFA_F_DADFAILED | IFA_F_TEMPORARY))
		return 0;
	/* Whose it is the host has found out. */
	address.flags &= IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS | IFA_F_MCAUTOJOIN;
	if (address.family == AF_INET6)
		address.flags |= IFA_F_NODAD;
	if (address.index == network->loopback ? is_localhost(&address)
					       : !has_interface(network, address.index))
		return 0;
	error = grow(&network->addresses, network->addresses_len, sizeof(address));
	if (!error)
		network->addresses[network->addresses_len++] = address;
	return error;
}

/* The gateway, of whichever family. */
static int take_gateway(struct network_route *route, const struct rtattr *const *table)
{
	uint8_t via[sizeof(uint16_t) + 16];
	uint16_t family;

	if (netlink_get(table[RTA_GATEWAY], route->gateway, address_length(route->family))) {
		route->gateway_family = route->family;
	} else if (table[RTA_VIA]) {
		if (RTA_PAYLOAD(table[RTA_VIA]) != sizeof(via))
			return EBADMSG;
		memcpy(via, RTA_DATA(table[RTA_VIA]), sizeof(via));
		memcpy(&family, via, sizeof(family));
		if (family != AF_INET6)
			return EBADMSG;
		route->gateway_family = AF_INET6;
		memcpy(route->gateway, via + sizeof(family), 16);
	}
	return 0;
}

static uint32_t route_mtu(const struct rtattr *metrics)
{
	const struct rtattr *table[RTAX_MTU + 1];

	if (!metrics)
		return 0;
	netlink_sort(table, RTAX_MTU + 1, RTA_DATA(metrics), RTA_PAYLOAD(metrics));
	return netlink_get_u32(table[RTAX_MTU]);
}

static int take_route(struct network *network, const struct nlmsghdr *message)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct rtattr *table[RTA_MAX + 1];
	struct network_route route = {0};
	char text[INET6_ADDRSTRLEN] = "", name[INET6_ADDRSTRLEN + 16];
	int error;

	if (!netlink_sort_message(table, RTA_MAX + 1, message, sizeof(*info)))
		return EBADMSG;
	/* What a router said is said to the zone, too. */
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
		info->rtm_table != RT_TABLE_MAIN || info->rtm_flags & RTM_F_CLONED ||
		info->rtm_protocol == RTPROT_RA)
		return 0;
	route.index = (int)netlink_get_u32(table[RTA_OIF]);
	route.family = info->rtm_family;
	route.prefix = info->rtm_dst_len;
	route.type = info->rtm_type;
	route.scope = info->rtm_scope;
	route.protocol = info->rtm_protocol;
	route.metric = netlink_get_u32(table[RTA_PRIORITY]);
	route.flags = info->rtm_flags & RTNH_F_ONLINK;
	route.mtu = route_mtu(table[RTA_METRICS]);
	netlink_get(table[RTA_DST], route.destination, address_length(route.family));
	netlink_get(table[RTA_PREFSRC], route.source, address_length(route.family));
	inet_ntop(route.family, route.destination, text, sizeof(text));
	snprintf(name, sizeof(name), "route to %s/%u", text, (unsigned int)route.prefix);
	if (table[RTA_MULTIPATH])
		return refuse(network, name, "has several next hops, which is not supported yet");
	if (take_gateway(&route, table))
		return EBADMSG;
	switch (route.type) {
	case RTN_UNICAST:
		if (!has_interface(network, route.index))
			return 0;
		break;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		/* The kernel's own is in each namespace. */
		if (route.protocol == RTPROT_KERNEL)
			return 0;
		route.index = 0;
		break;
	default:
		return 0;
	}
	error = grow(&network->routes, network->routes_len, sizeof(route));
	if (!error)
		network->routes[network->routes_len++] = route;
	return error;
}

int network_take(struct network *network, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		return take_link(network, message);
	case RTM_NEWADDR:
		return take_address(network, message);
	case RTM_NEWROUTE:
		return take_route(network, message);
	default:
		return 0;
	}
}

static int take(void *arg, const struct nlmsghdr *message)
{
	return network_take(arg, message);
}

static int dump(int fd, uint16_t type, size_t size, struct network *network, struct error *err)
{
	cleanup_free uint8_t *buffer = malloc(NETLINK_ANSWER_MAX);
	struct netlink_request request;
	int result;

	if (!buffer)
		return error_set(err, ENOMEM, "the container's network");
	netlink_begin(&request, type, 0, size);
	result = netlink_dump(fd, &request, buffer, take, network);
	return result ? error_set(err, result > 0 ? result : errno, "cannot read the container's network")
		      : 0;
}

/* Those by a gateway come after those that say where the gateway is. */
static int compare_routes(const void *a, const void *b)
{
	const struct network_route *first = a, *second = b;

	if (!first->gateway_family != !second->gateway_family)
		return first->gateway_family ? 1 : -1;
	return (int)second->prefix - (int)first->prefix;
}

int network_read(int namespace, struct network *network, struct error *err)
{
	cleanup_close int fd = network_socket(namespace, err);
	int result = -1;

	memset(network, 0, sizeof(*network));
	if (fd < 0 || dump(fd, RTM_GETLINK, sizeof(struct ifinfomsg), network, err))
		goto out;
	/* Nearly always there is nothing but the loopback. */
	if (network->interfaces_len && !network->refused) {
		if (dump(fd, RTM_GETADDR, sizeof(struct ifaddrmsg), network, err) ||
			dump(fd, RTM_GETROUTE, sizeof(struct rtmsg), network, err))
			goto out;
		qsort(network->routes, network->routes_len, sizeof(*network->routes), compare_routes);
	}
	result = network->refused ? error_set(err, 0, "network namespace: %s", network->refused) : 0;
out:
	if (result)
		network_free(network);
	return result;
}

int network_number(struct network *network, const struct network *before, struct error *err)
{
	uint32_t next = 0;

	for (size_t i = 0; before && i < before->interfaces_len; i++)
		if (before->interfaces[i].device >= next)
			next = before->interfaces[i].device + 1;
	for (size_t i = 0; i < network->interfaces_len; i++) {
		struct network_interface *interface = &network->interfaces[i];

		for (size_t j = 0; before && j < before->interfaces_len; j++)
			if (before->interfaces[j].index == interface->index)
				interface->device = before->interfaces[j].device;
		if (interface->device == ZONE_DEVICE_NONE)
			interface->device = next++;
		if (interface->device >= ZONE_INTERFACES_MAX)
			return error_set(err, 0,
				"network namespace: %s: more interfaces than a zone can have",
				interface->name);
	}
	return 0;
}
