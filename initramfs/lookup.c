/* SPDX-License-Identifier: Apache-2.0 */
#include "initramfs/lookup.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/sockios.h>

#include "util/bpf.h"
#include "util/cleanup.h"

/* The sockets' places in the map. */
enum { DATAGRAMS, LISTENER, SOCKETS };

/* On the program's stack: which of them. */
enum { KEY = -4 };

/* The places of the program that are jumped to. */
enum { GIVE = 11, PASS = 24 };

#define FIELD(name) offsetof(struct bpf_sk_lookup, name)

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr;

	/* The kernel wants zeroes in what it does not know, padding included. */
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = SOCKETS;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int put(int map, uint32_t key, int socket)
{
	uint64_t value = (uint64_t)socket;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

/* The kernel runs it for what is of no connection, before it looks for who has the port. */
static int load_program(const uint8_t address[4], uint16_t port, int map)
{
	int32_t wanted;

	memcpy(&wanted, address, sizeof(wanted));

	struct bpf_insn program[] = {
		MOVE(R6, R1),
		LOAD(BPF_W, R1, R6, FIELD(family)),
		IF(R1, BPF_JNE, AF_INET, PASS),
		LOAD(BPF_W, R1, R6, FIELD(local_ip4)),
		IF32(R1, BPF_JNE, wanted, PASS),
		LOAD(BPF_W, R1, R6, FIELD(local_port)),
		IF(R1, BPF_JNE, port, PASS),
		STORE(BPF_W, FP, KEY, DATAGRAMS),
		LOAD(BPF_W, R1, R6, FIELD(protocol)),
		IF(R1, BPF_JEQ, IPPROTO_UDP, GIVE),
		STORE(BPF_W, FP, KEY, LISTENER),
		/* 11 */
		MAP(R1, map),
		MOVE(R2, FP),
		ADD(R2, KEY),
		CALL(BPF_FUNC_map_lookup_elem),
		IF(R0, BPF_JEQ, 0, PASS),
		MOVE(R7, R0),
		MOVE(R1, R6),
		MOVE(R2, R7),
		SET(R3, 0),
		CALL(BPF_FUNC_sk_assign),
		MOVE(R1, R7),
		CALL(BPF_FUNC_sk_release),
		/* 24 */
		SET(R0, SK_PASS),
		END,
	};
	const size_t count = sizeof(program) / sizeof(*program);
	union bpf_attr attr;

	bpf_resolve(program, count);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	attr.expected_attach_type = BPF_SK_LOOKUP;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uintptr_t) "Apache-2.0";
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Until the descriptor is closed that it returns. */
static int attach(int program, int namespace)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t) namespace;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	return bpf(BPF_LINK_CREATE, &attr);
}

int lookup_give(const uint8_t address[4], uint16_t port, int datagrams, int listener)
{
	cleanup_close int map = make_map(), program = -1, namespace = -1;

	if (map < 0 || put(map, DATAGRAMS, datagrams) || put(map, LISTENER, listener))
		return -1;
	program = load_program(address, port, map);
	namespace = program < 0 ? -1 : ioctl(listener, SIOCGSKNS);
	/* The link stays open. */
	return namespace < 0 || attach(program, namespace) < 0 ? -1 : 0;
}
