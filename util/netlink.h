/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink(7) in a few lines: requests put together in a buffer, answers taken apart. Zone init and the host
 * both use it; nothing is allocated. What is taken apart is the kernel's own, and bounded all the same.
 */
#ifndef XENRUN_NETLINK_H
#define XENRUN_NETLINK_H

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Larger than any request of ours. */
#define NETLINK_REQUEST_MAX 1024

/* As much as the kernel puts into one answer to a dump. */
#define NETLINK_ANSWER_MAX 32768

struct netlink_request {
	union {
		struct nlmsghdr header;
		uint8_t bytes[NETLINK_REQUEST_MAX];
	};
};

/* Begins a request with its family's own header, `size` bytes of zeroes. Returns that. */
static inline void *netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t size)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	return NLMSG_DATA(&request->header);
}

static inline void netlink_put(struct netlink_request *request, int type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr attribute = {
		.rta_type = (unsigned short)type, .rta_len = (unsigned short)RTA_LENGTH(length)};

	if (at + RTA_SPACE(length) > sizeof(request->bytes))
		return;
	memcpy(request->bytes + at, &attribute, sizeof(attribute));
	if (length)
		memcpy(request->bytes + at + RTA_LENGTH(0), data, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_SPACE(length));
}

static inline void netlink_put_u32(struct netlink_request *request, int type, uint32_t value)
{
	netlink_put(request, type, &value, sizeof(value));
}

static inline void netlink_put_string(struct netlink_request *request, int type, const char *text)
{
	netlink_put(request, type, text, strlen(text) + 1);
}

/* Attributes within an attribute: what is put between the two calls. */
static inline size_t netlink_nest(struct netlink_request *request, int type)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	netlink_put(request, type | NLA_F_NESTED, NULL, 0);
	return at;
}

static inline void netlink_nest_end(struct netlink_request *request, size_t at)
{
	unsigned short length = (unsigned short)(request->header.nlmsg_len - at);

	memcpy(request->bytes + at + offsetof(struct rtattr, rta_len), &length, sizeof(length));
}

/* A socket of the calling thread's network namespace, in which it stays; -1 with errno. */
static inline int netlink_open(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

/* Sends a request and waits for its acknowledgement. 0, or -1 with errno. */
static inline int netlink_do(int fd, struct netlink_request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[NETLINK_REQUEST_MAX]; /* the request, once more */
	} answer;

	request->header.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -1;
	for (;;) {
		ssize_t got = recv(fd, &answer, sizeof(answer), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if ((size_t)got < sizeof(answer.header) + sizeof(answer.error) ||
			answer.header.nlmsg_type != NLMSG_ERROR)
			continue;
		errno = -answer.error.error;
		return errno ? -1 : 0;
	}
}

/* The index of the interface of that name in the socket's namespace; 0 if there is none. */
static inline int netlink_find(int fd, const char *name)
{
	struct netlink_request request;
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info; /* and what is of no interest here */
	} answer;
	ssize_t got;

	netlink_begin(&request, RTM_GETLINK, 0, sizeof(answer.info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return 0;
	do
		got = recv(fd, &answer, sizeof(answer), 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(answer) && answer.header.nlmsg_type == RTM_NEWLINK
		       ? answer.info.ifi_index
		       : 0;
}

/* Has the interface make no address of its own. 0, also where there is no IPv6, or -1 with errno. */
static inline int netlink_no_own_address(int fd, int index)
{
	uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	struct netlink_request request;
	struct ifinfomsg *info = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*info));
	size_t families = netlink_nest(&request, IFLA_AF_SPEC), family = netlink_nest(&request, AF_INET6);

	info->ifi_index = index;
	netlink_put(&request, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_nest_end(&request, family);
	netlink_nest_end(&request, families);
	return netlink_do(fd, &request) && errno != EAFNOSUPPORT && errno != EOPNOTSUPP ? -1 : 0;
}

/* Asks for a dump and calls `take` for each message of it, until that returns other than 0, which is then the
 * result; -1 with errno. `buffer` is room for an answer. */
static inline int netlink_dump(int fd, struct netlink_request *request, uint8_t buffer[NETLINK_ANSWER_MAX],
	int (*take)(void *arg, const struct nlmsghdr *message), void *arg)
{
	int result = 0;

	request->header.nlmsg_flags |= NLM_F_DUMP;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -1;
	for (;;) {
		ssize_t got = recv(fd, buffer, NETLINK_ANSWER_MAX, MSG_TRUNC);
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)buffer;
		size_t left = (size_t)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (left > NETLINK_ANSWER_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return result;
			if (message->nlmsg_type == NLMSG_ERROR) {
				struct nlmsgerr *error = NLMSG_DATA(message);

				errno = -error->error;
				return errno ? -1 : result;
			}
			/* The rest of the dump is read, so that it is in nobody's way. */
			if (!result)
				result = take(arg, message);
		}
	}
}

/* Sorts attributes by their type into `table` of `count`, NULL where there is none. */
static inline void netlink_sort(
	const struct rtattr **table, size_t count, const struct rtattr *first, size_t length)
{
	memset(table, 0, count * sizeof(*table));
	while (length >= sizeof(*first) && first->rta_len >= sizeof(*first) && first->rta_len <= length) {
		size_t step = RTA_ALIGN(first->rta_len), type = first->rta_type & 0x3fffU;

		if (type < count)
			table[type] = first;
		if (step >= length)
			break;
		length -= step;
		first = (const struct rtattr *)(const void *)((const uint8_t *)first + step);
	}
}

/* Sorts those of a message behind its family's header of `size` bytes; false if it is not that long. */
static inline bool netlink_sort_message(
	const struct rtattr **table, size_t count, const struct nlmsghdr *message, size_t size)
{
	size_t header = NLMSG_ALIGN(NLMSG_LENGTH(size));

	memset(table, 0, count * sizeof(*table));
	if (message->nlmsg_len < NLMSG_LENGTH(size))
		return false;
	if (message->nlmsg_len > header)
		netlink_sort(table, count,
			(const struct rtattr *)(const void *)((const uint8_t *)message + header),
			message->nlmsg_len - header);
	return true;
}

/* Copies an attribute's value; false, with zeroes, if there is none of at least that length. */
static inline bool netlink_get(const struct rtattr *attribute, void *value, size_t length)
{
	if (!attribute || attribute->rta_len < RTA_LENGTH(length)) {
		memset(value, 0, length);
		return false;
	}
	memcpy(value, (const uint8_t *)attribute + RTA_LENGTH(0), length);
	return true;
}

static inline uint32_t netlink_get_u32(const struct rtattr *attribute)
{
	uint32_t value;

	netlink_get(attribute, &value, sizeof(value));
	return value;
}

#endif
