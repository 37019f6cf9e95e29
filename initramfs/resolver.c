/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes queries of the container's processes on to dom0, which sends each as it is to the resolver, and the
 * answers back to who asked. Both are nobody's business here but for their ID, the first two bytes: that is
 * how an answer is known, so of two queries with the same one the second gets another on its way. Over TCP
 * dom0 has a connection for each that there is here: a message, behind its length, one way, then one the
 * other.
 * The port of name servers is the container's, which may be one. So what comes for it at our address is
 * looked up to be ours (initramfs/lookup.h), and answers leave by a socket that writes their headers itself.
 * Where the kernel cannot do that, the port is taken.
 */
#include "initramfs/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "initramfs/control.h"
#include "initramfs/lookup.h"
#include "initramfs/network.h"
#include "initramfs/platform.h"
#include "initramfs/thread.h"
#include "util/cleanup.h"

#define PORT 53

/* A query is a name, and seldom more; what is larger is not passed on. */
#define QUERY_MAX 4096

/* A client that says nothing, or takes nothing, for so long has had its turn. */
#ifndef CLIENT_SECONDS
#define CLIENT_SECONDS 10
#endif

/* Of a message of RFC 1035. */
#define HEADER_SIZE 12

/* Queries that wait for their answer. One that has waited longest makes room: who asked has given up. */
#define WAITING_MAX 256

static struct query {
	struct sockaddr_in asker;
	uint16_t own, sent; /* its ID, and the one on its way */
	bool waits;
} waiting[WAITING_MAX];
static unsigned next;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int asked = -1, out = -1, in = -1;
static int raw = -1; /* what answers leave by; -1: `asked` has the port itself */
static struct in_addr own_address;

/* NULL if none waits that is on its way with that ID. */
static struct query *find(uint16_t id)
{
	for (unsigned i = 0; i < WAITING_MAX; i++)
		if (waiting[i].waits && waiting[i].sent == id)
			return &waiting[i];
	return NULL;
}

/* Notes who asked, and puts the ID that the query is sent with into it. */
static void note(const struct sockaddr_in *asker, uint8_t *query)
{
	struct query *entry;
	uint16_t own, sent;

	memcpy(&own, query, sizeof(own));
	sent = own;
	pthread_mutex_lock(&lock);
	entry = &waiting[next++ % WAITING_MAX];
	entry->waits = false;
	/* Not the next one that is free: an ID is not to be guessed. */
	while (find(sent))
		if (getrandom(&sent, sizeof(sent), GRND_NONBLOCK) != sizeof(sent))
			sent++;
	*entry = (struct query){.asker = *asker, .own = own, .sent = sent, .waits = true};
	pthread_mutex_unlock(&lock);
	memcpy(query, &sent, sizeof(sent));
}

/* Finds who asked, and puts the ID that the query came with into the answer. */
static bool recall(struct sockaddr_in *asker, uint8_t *answer)
{
	struct query *entry;
	uint16_t sent;

	memcpy(&sent, answer, sizeof(sent));
	pthread_mutex_lock(&lock);
	entry = find(sent);
	if (entry) {
		*asker = entry->asker;
		memcpy(answer, &entry->own, sizeof(entry->own));
		entry->waits = false;
	}
	pthread_mutex_unlock(&lock);
	return entry != NULL;
}

static void wait_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Whether a call is worth repeating; a guest short of memory gets some back soon. */
static bool again(void)
{
	if (errno == ENOMEM)
		wait_a_moment();
	return errno == ENOMEM || errno == EINTR;
}

static void *take_queries(void *unused)
{
	static uint8_t query[QUERY_MAX + 1];

	(void)unused;
	for (;;) {
		struct sockaddr_in asker;
		socklen_t size = sizeof(asker);
		ssize_t length = recvfrom(asked, query, sizeof(query), 0, (struct sockaddr *)&asker, &size);

		if (length < 0)
			wait_a_moment();
		if (length < HEADER_SIZE || length > QUERY_MAX)
			continue;
		note(&asker, query);
		/* Who hears that nobody was there for an earlier one has not sent this one. One that is lost
		 * is asked again. */
		while (write(out, query, (size_t)length) < 0 && (again() || errno == ECONNREFUSED))
			;
	}
	return NULL;
}

/* From the port that was asked, which no socket of ours has. The kernel fills in the packet's length, ID and
 * checksum; UDP does without one. */
static void give_from_port(const struct sockaddr_in *asker, uint8_t *answer, size_t length)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} header = {
		.ip = {.version = IPVERSION,
			.ihl = sizeof(header.ip) / 4,
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.saddr = own_address.s_addr,
			.daddr = asker->sin_addr.s_addr},
		.udp = {.uh_sport = htons(PORT),
			.uh_dport = asker->sin_port,
			.uh_ulen = htons((uint16_t)(sizeof(header.udp) + length))},
	};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = asker->sin_addr};
	struct iovec parts[] = {{&header, sizeof(header)}, {answer, length}};
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts, .msg_iovlen = 2};

	sendmsg(raw, &message, MSG_DONTWAIT);
}

static void give(const struct sockaddr_in *asker, uint8_t *answer, size_t length)
{
	if (raw >= 0)
		give_from_port(asker, answer, length);
	else
		sendto(asked, answer, length, MSG_DONTWAIT, (const struct sockaddr *)asker, sizeof(*asker));
}

static void *give_answers(void *unused)
{
	static uint8_t answer[CONTROL_PIECE];

	(void)unused;
	for (;;) {
		struct sockaddr_in asker;
		ssize_t length = share_read_waiting(in, answer, sizeof(answer));

		/* A datagram may be empty, and looks like the end, which does not come as long as the zone
		 * lives. */
		if (!length || (length < 0 && errno != ECONNREFUSED))
			wait_a_moment();
		if (length >= HEADER_SIZE && recall(&asker, answer))
			give(&asker, answer, (size_t)length);
	}
	return NULL;
}

/* Those who connect: with a connection of dom0's, or waiting for it. */
static struct connection {
	struct process *process; /* NULL: it is free */
	int client, folder;
} connections[ZONE_CONNECTIONS_MAX];
static int listener = -1, clients[ZONE_CONNECTIONS_MAX];
static unsigned clients_len;
static sem_t room;

static bool get(int fd, ssize_t (*read_from)(int, void *, size_t), uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t got = read_from(fd, bytes, length);

		if (got < 0 && again())
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		length -= (size_t)got;
	}
	return true;
}

static bool put(int fd, const uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t taken = write(fd, bytes, length);

		if (taken < 0 && again())
			continue;
		if (taken <= 0)
			return false;
		bytes += taken;
		length -= (size_t)taken;
	}
	return true;
}

static bool pass_message(int from, ssize_t (*read_from)(int, void *, size_t), int to, uint8_t *piece)
{
	size_t used = 2, left;

	if (!get(from, read_from, piece, used))
		return false;
	left = (size_t)piece[0] << 8 | piece[1];
	do {
		size_t part = left < CONTROL_PIECE - used ? left : CONTROL_PIECE - used;

		if (!get(from, read_from, piece + used, part) || !put(to, piece, used + part))
			return false;
		left -= part;
		used = 0;
	} while (left);
	return true;
}

static void *carry(void *argument)
{
	struct connection *connection = argument;
	struct news news = {.type = NEWS_RELAY, .process = connection->process, .stream = 1};
	uint8_t piece[CONTROL_PIECE];
	int to = openat(connection->folder, "out", O_WRONLY | O_CLOEXEC);
	int from = share_open_waiting(connection->folder, "in");

	while (to >= 0 && from >= 0 && pass_message(connection->client, read, to, piece) &&
		pass_message(from, share_read_waiting, connection->client, piece))
		;
	close(connection->client);
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
	pthread_mutex_lock(&lock);
	connection->process = NULL;
	pthread_mutex_unlock(&lock);
	control_tell(&news);
	return NULL;
}

/* The client that came last: dom0 does not know that there is one more. */
static void turn_away(void)
{
	pthread_mutex_lock(&lock);
	if (clients_len) {
		close(clients[--clients_len]);
		sem_post(&room);
	}
	pthread_mutex_unlock(&lock);
}

static void *take_clients(void *unused)
{
	const struct timeval patience = {.tv_sec = CLIENT_SECONDS};

	(void)unused;
	for (;;) {
		int client;

		while (sem_wait(&room))
			;
		while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
			wait_a_moment();
		setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		pthread_mutex_lock(&lock);
		clients[clients_len++] = client;
		pthread_mutex_unlock(&lock);
		if (control_report(ZONE_REPORT_CONNECT, 0, 0, 0))
			turn_away();
	}
	return NULL;
}

/* Takes the first of the clients, and what a connection is known by. NULL: nobody waits. */
static struct connection *take_connection(struct process *process)
{
	struct connection *found = NULL;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; clients_len && !found && i < ZONE_CONNECTIONS_MAX; i++)
		if (!connections[i].process)
			found = &connections[i];
	if (found) {
		found->process = process;
		found->client = clients[0];
		memmove(clients, clients + 1, --clients_len * sizeof(*clients));
	}
	pthread_mutex_unlock(&lock);
	return found;
}

int resolver_connect(struct process *process, int folder)
{
	struct connection *connection = take_connection(process);

	if (!connection) {
		errno = ENOTCONN;
		return -1;
	}
	connection->folder = folder;
	if (!thread_start(carry, connection, CONTROL_PIECE + THREAD_STACK))
		return 0;
	close(connection->client);
	connection->process = NULL;
	sem_post(&room);
	return -1;
}

void resolver_disconnected(void)
{
	sem_post(&room);
}

/* At a port of that number, 0 for any. */
static int make_sockets(int pidfd, uint16_t port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = own_address};

	asked = network_socket(pidfd, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	listener = network_socket(pidfd, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return asked < 0 || bind(asked, (struct sockaddr *)&own, sizeof(own)) || listener < 0 ||
			       bind(listener, (struct sockaddr *)&own, sizeof(own)) ||
			       listen(listener, SOMAXCONN)
		       ? -1
		       : 0;
}

static void close_sockets(void)
{
	if (asked >= 0)
		close(asked);
	if (listener >= 0)
		close(listener);
	if (raw >= 0)
		close(raw);
	asked = listener = raw = -1;
}

/* Without the port. Connections have it even so: who listens there while there is one has to say, as servers
 * do, that he does not mind. */
static int listen_elsewhere(int pidfd)
{
	if (!make_sockets(pidfd, 0) &&
		!setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int))) {
		raw = network_socket(pidfd, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
		if (raw >= 0 && !lookup_give((const uint8_t *)&own_address, PORT, asked, listener))
			return 0;
	}
	close_sockets();
	return -1;
}

int resolver_start(const uint8_t address[4], int pidfd, int folder)
{
	if (asked >= 0) {
		errno = EEXIST;
		return -1;
	}
	memcpy(&own_address, address, sizeof(own_address));
	if ((listen_elsewhere(pidfd) && make_sockets(pidfd, PORT)) ||
		sem_init(&room, 0, ZONE_CONNECTIONS_MAX))
		return -1;
	out = openat(folder, "out", O_WRONLY | O_CLOEXEC);
	in = share_open_waiting(folder, "in");
	if (out < 0 || in < 0)
		return -1;
	return thread_start(take_queries, NULL, THREAD_STACK) ||
			       thread_start(give_answers, NULL, THREAD_STACK) ||
			       thread_start(take_clients, NULL, THREAD_STACK)
		       ? -1
		       : 0;
}
