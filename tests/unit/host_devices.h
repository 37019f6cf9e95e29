/* SPDX-License-Identifier: Apache-2.0 */
/* A folder like /sys/dev, for a host with the devices that a test wants. */
#ifndef XENRUN_TEST_HOST_DEVICES_H
#define XENRUN_TEST_HOST_DEVICES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/compiled.h"

static char host_folder[] = "/tmp/unit-devices-XXXXXX";

static inline void begin_host(void)
{
	char path[64];

	if (!mkdtemp(host_folder))
		abort();
	host_devices = host_folder;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", host_folder, i ? "block" : "char");
		mkdir(path, 0755);
	}
}

static inline void write_host(const char *device, const char *file, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s/%s", host_folder, device, file);
	out = fopen(path, "w");
	fputs(text, out);
	fclose(out);
}

/* "block/7:0", of so many sectors; "char/1:1". */
static inline void add_host_device(const char *device, const char *sectors)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", host_folder, device);
	mkdir(path, 0755);
	if (sectors)
		write_host(device, "size", sectors);
}

static inline void end_host(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", host_folder);
	CHECK_EQ(system(command), 0);
}

#endif
