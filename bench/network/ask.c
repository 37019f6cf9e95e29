/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: ask ADDRESS PORT | ask -s PORT
 * How fast a network is, by TCP to a host that runs `ask -s`: lines of name and figure, more is better. One
 * byte says what a connection is for: E, each byte comes back; I, the host sends; O, it takes, and says how
 * much when no more comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 2.0

static char buffer[65536];

static void die(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void serve_one(int fd)
{
	uint64_t taken = 0;
	ssize_t got;
	char what;

	if (read(fd, &what, 1) != 1)
		return;
	while ((got = what == 'I' ? (ssize_t)sizeof(buffer) : read(fd, buffer, sizeof(buffer))) > 0) {
		taken += (uint64_t)got;
		if (what != 'O' && write(fd, buffer, (size_t)got) < 0)
			return;
	}
	if (what == 'O' && write(fd, &taken, sizeof(taken)) < 0)
		return;
}

static void serve(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8))
		die("listen");
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			die("accept");
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve_one(client);
		close(client);
	}
}

static int ask(const struct sockaddr_in *at, char what)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (write(fd, &what, 1) != 1)
		die("write");
	return fd;
}

static void measure(const struct sockaddr_in *at)
{
	double start, rounds = 0, bytes = 0;
	uint64_t taken;
	ssize_t got;
	int fd = ask(at, 'E');

	for (start = seconds(); seconds() - start < SECONDS; rounds++)
		if (write(fd, buffer, 1) != 1 || read(fd, buffer, 1) != 1)
			die("echo");
	printf("round-trips %.1f\n", rounds / (seconds() - start));
	close(fd);

	fd = ask(at, 'O');
	for (start = seconds(); seconds() - start < SECONDS;)
		if (write(fd, buffer, sizeof(buffer)) <= 0)
			die("write");
	shutdown(fd, SHUT_WR);
	if (read(fd, &taken, sizeof(taken)) != sizeof(taken))
		die("read");
	printf("out %.1f\n", (double)taken / 1e6 / (seconds() - start));
	close(fd);

	fd = ask(at, 'I');
	for (start = seconds(); seconds() - start < SECONDS; bytes += (double)got)
		if ((got = read(fd, buffer, sizeof(buffer))) <= 0)
			die("read");
	printf("in %.1f\n", bytes / 1e6 / (seconds() - start));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	if (argc != 3) {
		fprintf(stderr, "usage: ask ADDRESS PORT | ask -s PORT\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)atoi(argv[2]));
	if (strcmp(argv[1], "-s") == 0)
		serve((uint16_t)atoi(argv[2]));
	if (inet_pton(AF_INET, argv[1], &at.sin_addr) != 1)
		die(argv[1]);
	measure(&at);
	return 0;
}
