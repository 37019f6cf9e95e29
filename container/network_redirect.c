/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in by one of a pair of interfaces goes out by the other: an ingress qdisc on each (tc(8)), whose
 * one filter takes all packets and redirects them. So the container's interface keeps its addresses, and the
 * host's own stack in that namespace sees, and answers, nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>

#include "container/network.h"
#include "container/network_internal.h"
#include "util/cleanup.h"
#include "util/netlink.h"

/* As veth has it in effect; the back end's own is 32, too few for a stream's burst. */
#define QUEUE_LENGTH 1000

/* Its interfaces are those of dom0's kernel, the back ends' at first. */
static int first_namespace(void)
{
	return open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
}

bool network_vif_exists(const char *vif)
{
	cleanup_close int first = first_namespace(), fd = -1;
	struct error ignored = {0};

	fd = first < 0 ? -1 : network_socket(first, &ignored);
	error_clear(&ignored);
	return fd >= 0 && netlink_find(fd, vif);
}

static int move(const char *vif, int namespace, struct error *err)
{
	cleanup_close int first = first_namespace(), fd = first < 0 ? -1 : network_socket(first, err);
	struct netlink_request request;
	struct ifinfomsg *info;
	int index;

	if (fd < 0)
		return first < 0 ? error_set(err, errno, "/proc/1/ns/net") : -1;
	index = netlink_find(fd, vif);
	if (!index)
		return error_set(err, ENODEV, "%s", vif);
	info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = index;
	netlink_put_u32(&request, IFLA_NET_NS_FD, (uint32_t) namespace);
	return netlink_do(fd, &request)
		       ? error_set(err, errno, "%s: cannot move it to the container's network namespace", vif)
		       : 0;
}

/* No address of its own, so that nothing of the host's comes by it. */
static int set_up(int fd, int index, uint32_t mtu)
{
	struct netlink_request request;
	struct ifinfomsg *info;

	if (netlink_no_own_address(fd, index))
		return -1;
	info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = index;
	info->ifi_change = IFF_NOARP;
	info->ifi_flags = IFF_NOARP;
	netlink_put_u32(&request, IFLA_MTU, mtu);
	netlink_put_u32(&request, IFLA_TXQLEN, QUEUE_LENGTH);
	return netlink_do(fd, &request);
}

static int bring_up(int fd, int index)
{
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	info->ifi_change = IFF_UP;
	info->ifi_flags = IFF_UP;
	return netlink_do(fd, &request);
}

static struct tcmsg *begin_qdisc(struct netlink_request *request, uint16_t type, uint16_t flags, int index)
{
	struct tcmsg *tc = netlink_begin(request, type, flags, sizeof(*tc));

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = index;
	tc->tcm_handle = NETWORK_INGRESS;
	tc->tcm_parent = TC_H_INGRESS;
	return tc;
}

static int add_qdisc(int fd, int index)
{
	struct netlink_request request;

	begin_qdisc(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index);
	netlink_put_string(&request, TCA_KIND, "ingress");
	return netlink_do(fd, &request);
}

static int remove_qdisc(int fd, int index)
{
	struct netlink_request request;

	begin_qdisc(&request, RTM_DELQDISC, 0, index);
	return netlink_do(fd, &request);
}

size_t network_begin_filter(struct netlink_request *request, int index, uint32_t order)
{
	struct tcmsg *tc = netlink_begin(request, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, sizeof(*tc));

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = index;
	tc->tcm_parent = NETWORK_INGRESS;
	tc->tcm_info = TC_H_MAKE(order << 16, htons(ETH_P_ALL));
	/* cls_bpf is wherever there are containers, cls_matchall is not. */
	netlink_put_string(request, TCA_KIND, "bpf");
	return netlink_nest(request, TCA_OPTIONS);
}

/* All that comes in by `from` goes out by `to`. */
static int add_filter(int fd, int from, int to, const uint8_t mark[NETWORK_MARK_LENGTH])
{
	const struct sock_filter everything[] = {{.code = BPF_RET | BPF_K, .k = UINT32_MAX}};
	const uint16_t length = sizeof(everything) / sizeof(*everything);
	const struct tc_mirred redirect = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to};
	struct netlink_request request;
	size_t options = network_begin_filter(&request, from, NETWORK_LAST), actions, action, parameters;

	actions = netlink_nest(&request, TCA_BPF_ACT);
	action = netlink_nest(&request, 1);
	netlink_put_string(&request, TCA_ACT_KIND, "mirred");
	netlink_put(&request, TCA_ACT_COOKIE, mark, NETWORK_MARK_LENGTH);
	parameters = netlink_nest(&request, TCA_ACT_OPTIONS);
	netlink_put(&request, TCA_MIRRED_PARMS, &redirect, sizeof(redirect));
	netlink_nest_end(&request, parameters);
	netlink_nest_end(&request, action);
	netlink_nest_end(&request, actions);
	netlink_put(&request, TCA_BPF_OPS_LEN, &length, sizeof(length));
	netlink_put(&request, TCA_BPF_OPS, everything, sizeof(everything));
	netlink_nest_end(&request, options);
	return netlink_do(fd, &request);
}

int network_redirect(int namespace, const struct network_interface *interface, const char *vif,
	const uint8_t mark[NETWORK_MARK_LENGTH], struct error *err)
{
	cleanup_close int fd = network_socket(namespace, err);
	int end;

	if (fd < 0 || move(vif, namespace, err))
		return -1;
	end = netlink_find(fd, vif);
	if (!end || set_up(fd, end, interface->mtu))
		return error_set(err, end ? errno : ENODEV, "%s: cannot set it up", vif);
	if (add_qdisc(fd, interface->index)) {
		if (errno == EEXIST)
			return error_set(err, 0,
				"network namespace: %s belongs to another zone, or has an ingress qdisc for "
				"another reason",
				interface->name);
		return error_set(err, errno, "network namespace: %s: no ingress qdisc (modprobe sch_ingress)",
			interface->name);
	}
	if (add_filter(fd, interface->index, end, mark)) {
		error_set(err, errno, "network namespace: %s: no redirection (modprobe cls_bpf act_mirred)",
			interface->name);
		remove_qdisc(fd, interface->index);
		return -1;
	}
	/* The last: none of the guest's packets is to reach the host's stack. */
	if (add_qdisc(fd, end) || add_filter(fd, end, interface->index, mark) || bring_up(fd, end))
		return error_set(err, errno, "%s: no redirection", vif);
	return 0;
}

/* For network_release(): the interfaces there are, or those whose filter bears the mark. */
struct found {
	int index[64];
	size_t len;
	const uint8_t *mark;
};

static void add_found(struct found *found, int index)
{
	if (found->len < sizeof(found->index) / sizeof(*found->index))
		found->index[found->len++] = index;
}

static int take_link(void *arg, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWLINK && !(info->ifi_flags & IFF_LOOPBACK))
		add_found(arg, info->ifi_index);
	return 0;
}

static int take_filter(void *arg, const struct nlmsghdr *message)
{
	struct found *found = arg;
	const struct rtattr *table[TCA_MAX + 1], *options[TCA_BPF_MAX + 1], *actions[2],
		*action[TCA_ACT_MAX + 1];
	uint8_t cookie[NETWORK_MARK_LENGTH];
	const struct tcmsg *tc = NLMSG_DATA(message);

	if (message->nlmsg_type != RTM_NEWTFILTER ||
		!netlink_sort_message(table, TCA_MAX + 1, message, sizeof(*tc)) || !table[TCA_OPTIONS])
		return 0;
	netlink_sort(options, TCA_BPF_MAX + 1, RTA_DATA(table[TCA_OPTIONS]), RTA_PAYLOAD(table[TCA_OPTIONS]));
	if (!options[TCA_BPF_ACT])
		return 0;
	netlink_sort(actions, 2, RTA_DATA(options[TCA_BPF_ACT]), RTA_PAYLOAD(options[TCA_BPF_ACT]));
	if (!actions[1])
		return 0;
	netlink_sort(action, TCA_ACT_MAX + 1, RTA_DATA(actions[1]), RTA_PAYLOAD(actions[1]));
	if (netlink_get(action[TCA_ACT_COOKIE], cookie, sizeof(cookie)) &&
		memcmp(cookie, found->mark, sizeof(cookie)) == 0)
		add_found(found, tc->tcm_ifindex);
	return 0;
}

void network_release(int namespace, const uint8_t mark[NETWORK_MARK_LENGTH])
{
	uint8_t buffer[NETLINK_ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct found links = {.mark = mark}, ours = {.mark = mark};
	struct error ignored = {0};
	cleanup_close int fd = network_socket(namespace, &ignored);
	struct netlink_request request;

	error_clear(&ignored);
	if (fd < 0)
		return;
	netlink_begin(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	netlink_dump(fd, &request, buffer, take_link, &links);
	for (size_t i = 0; i < links.len; i++) {
		struct tcmsg *tc = netlink_begin(&request, RTM_GETTFILTER, 0, sizeof(*tc));

		tc->tcm_ifindex = links.index[i];
		tc->tcm_parent = NETWORK_INGRESS;
		netlink_dump(fd, &request, buffer, take_filter, &ours);
	}
	for (size_t i = 0; i < ours.len; i++)
		remove_qdisc(fd, ours.index[i]);
}
