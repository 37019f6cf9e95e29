/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller's resolver asks others in its turn, from the container's network namespace and by its interface,
 * as Docker's does unless they are on the host's loopback. Their answers are for the host's stack, though all
 * else that comes in is the zone's: a program before the redirection tells them by the socket there that
 * waits for them. For that stack to know whom to send to, what others say of their link addresses goes to
 * both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include "container/network.h"
#include "container/network_internal.h"
#include "util/bpf.h"
#include "util/cleanup.h"
#include "util/netlink.h"

#define DOMAIN_PORT 53

/* In a packet. */
enum { ARP_OPERATION = ETH_HLEN + 6 };

/* On the program's stack: the header of IPv4 without options, and the ports behind it. The addresses with the
 * ports are what a socket is looked up by: struct bpf_sock_tuple. */
enum { HEADER = -24, HEADER_SIZE = 24 };
enum {
	VERSION = HEADER,
	FRAGMENT = HEADER + 6,
	PROTOCOL = HEADER + 9,
	TUPLE = HEADER + 12,
	PORT = HEADER + 20
};
enum { TUPLE_SIZE = 12 };

#define NO_OPTIONS 0x45
#define FRAGMENTED 0x3fff

/* The places of the program that are jumped to. */
enum { OVER_TCP = 29, LOOKED_UP = 30, NOT_OURS = 34, ARP = 36, OURS = 49 };

/* Before 5.11 the kernel counts a program as memory that is locked, of which there is little by default. */
static int load(union bpf_attr *attr)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit own;
	bool raised = !getrlimit(RLIMIT_MEMLOCK, &own) && !setrlimit(RLIMIT_MEMLOCK, &all);
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, attr, sizeof(*attr)), error = errno;

	if (raised)
		setrlimit(RLIMIT_MEMLOCK, &own);
	errno = error;
	return fd;
}

/* `zone` is the interface that leads to it. Returns a descriptor, -1 with errno. */
static int load_program(int zone)
{
	struct bpf_insn program[] = {
		MOVE(R6, R1),
		LOAD(BPF_W, R1, R6, offsetof(struct __sk_buff, protocol)),
		IF(R1, BPF_JEQ, htons(ETH_P_ARP), ARP),
		IF(R1, BPF_JNE, htons(ETH_P_IP), NOT_OURS),
		/* 4: from the port of servers */
		MOVE(R1, R6),
		SET(R2, ETH_HLEN),
		MOVE(R3, FP),
		ADD(R3, HEADER),
		SET(R4, HEADER_SIZE),
		CALL(BPF_FUNC_skb_load_bytes),
		IF(R0, BPF_JNE, 0, NOT_OURS),
		LOAD(BPF_B, R1, FP, VERSION),
		IF(R1, BPF_JNE, NO_OPTIONS, NOT_OURS),
		LOAD(BPF_H, R1, FP, FRAGMENT),
		AND(R1, htons(FRAGMENTED)),
		IF(R1, BPF_JNE, 0, NOT_OURS),
		LOAD(BPF_H, R1, FP, PORT),
		IF(R1, BPF_JNE, htons(DOMAIN_PORT), NOT_OURS),
		/* 18: to a socket that there is */
		LOAD(BPF_B, R0, FP, PROTOCOL),
		MOVE(R1, R6),
		MOVE(R2, FP),
		ADD(R2, TUPLE),
		SET(R3, TUPLE_SIZE),
		SET(R4, BPF_F_CURRENT_NETNS),
		SET(R5, 0),
		IF(R0, BPF_JEQ, IPPROTO_TCP, OVER_TCP),
		IF(R0, BPF_JNE, IPPROTO_UDP, NOT_OURS),
		CALL(BPF_FUNC_sk_lookup_udp),
		GO(LOOKED_UP),
		/* 29 */
		CALL(BPF_FUNC_sk_lookup_tcp),
		/* 30 */
		IF(R0, BPF_JEQ, 0, NOT_OURS),
		MOVE(R1, R0),
		CALL(BPF_FUNC_sk_release),
		GO(OURS),
		/* 34: the next filter sends it to the zone */
		SET(R0, TC_ACT_UNSPEC),
		END,
		/* 36: of another's link address */
		MOVE(R1, R6),
		SET(R2, ARP_OPERATION),
		MOVE(R3, FP),
		ADD(R3, HEADER),
		SET(R4, 2),
		CALL(BPF_FUNC_skb_load_bytes),
		IF(R0, BPF_JNE, 0, NOT_OURS),
		LOAD(BPF_H, R1, FP, HEADER),
		IF(R1, BPF_JNE, htons(ARPOP_REPLY), NOT_OURS),
		MOVE(R1, R6),
		SET(R2, zone),
		SET(R3, 0),
		CALL(BPF_FUNC_clone_redirect),
		/* 49: the host's stack takes it */
		SET(R0, TC_ACT_OK),
		END,
	};
	const size_t count = sizeof(program) / sizeof(*program);
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uintptr_t)program,
		.insn_cnt = (uint32_t)count,
		.license = (uintptr_t) "Apache-2.0",
	};

	bpf_resolve(program, count);
	return load(&attr);
}

static int add_filter(int fd, int from, int program)
{
	struct netlink_request request;
	size_t options = network_begin_filter(&request, from, NETWORK_FIRST);

	netlink_put_u32(&request, TCA_BPF_FD, (uint32_t)program);
	netlink_put_string(&request, TCA_BPF_NAME, "answers");
	netlink_put_u32(&request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	netlink_nest_end(&request, options);
	return netlink_do(fd, &request);
}

int network_let_answers_in(
	int namespace, const struct network_interface *interface, const char *vif, struct error *err)
{
	cleanup_close int fd = network_socket(namespace, err), program = -1;
	int end;

	if (fd < 0)
		return -1;
	end = netlink_find(fd, vif);
	program = end ? load_program(end) : -1;
	if (program < 0 || add_filter(fd, interface->index, program))
		return error_set(err, end ? errno : ENODEV,
			"network namespace: %s: its resolver's answers cannot be told", interface->name);
	return 0;
}
