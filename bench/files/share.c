/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: share pv|pvh KERNEL INITRAMFS MIB FOLDER COMMAND-LINE
 * Runs a zone until it powers itself off, and serves the folder to it as its only share, tag "bench": the
 * stand-in's server without a container.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "rootfs/folder.h"
#include "xen/xen.h"

static struct zone *zone;
static struct server *server;
static const char *folder;

static void __attribute__((noreturn)) end(const char *what)
{
	fprintf(stderr, "share: %s\n", what);
	zone_destroy(zone);
	exit(1);
}

static const void *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*size = (size_t)st.st_size;
		data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	}
	if (data == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return data;
}

static void offered(void *arg, const struct zone_device *device)
{
	struct folder_limits limits = {.proc_self_fd = -1, .exclusive = true};
	struct error err = {0};
	struct share *share = folder_new(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), &limits, &err);

	(void)arg;
	if (!share || server_attach(server, device, share, &err) ||
		zone_device_connected(zone, device->number, &err))
		end(error_message(&err));
}

int main(int argc, char **argv)
{
	struct zone_config config = {.name = "bench-share", .vcpus = 1, .tags = {"bench"}};
	struct rlimit files = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
	struct error err = {0};
	bool ended = false;

	if (argc != 7) {
		fprintf(stderr, "usage: %s pv|pvh KERNEL INITRAMFS MIB FOLDER COMMAND-LINE\n", argv[0]);
		return 2;
	}
	config.type = strcmp(argv[1], "pv") == 0 ? ZONE_PV : ZONE_PVH;
	config.kernel = map(argv[2], &config.kernel_size);
	config.initramfs = map(argv[3], &config.initramfs_size);
	config.memory_kib = strtoull(argv[4], NULL, 10) * 1024;
	folder = argv[5];
	config.cmdline = argv[6];
	if (getrandom(config.uuid, sizeof(config.uuid), 0) != sizeof(config.uuid))
		return 1;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);

	server = server_new(&err);
	zone = server ? zone_build(&config, &err) : NULL;
	if (!zone || zone_unpause(zone, &err))
		end(error_message(&err));
	while (!ended) {
		struct pollfd fds[] = {
			{.fd = server_fd(server), .events = POLLIN},
			{.fd = zone_store_fd(zone), .events = POLLIN},
			{.fd = zone_console_fd(zone), .events = POLLIN},
		};

		poll(fds, sizeof(fds) / sizeof(*fds), server_listen(server) ? -1 : 0);
		if ((fds[0].revents && server_event(server, &err)) || server_serve(server, &err))
			end(error_message(&err));
		if (fds[1].revents) {
			if (zone_store_event(zone, offered, NULL, &err))
				end(error_message(&err));
			ended = zone_condition(zone) != ZONE_RUNS;
		}
		if (fds[2].revents)
			zone_console_event(zone);
	}
	server_free(server);
	zone_destroy(zone);
	return 0;
}
