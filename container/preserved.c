/* SPDX-License-Identifier: Apache-2.0 */
#include "container/preserved.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define BOTH (ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT)

/* A socket that passes bytes, in order and without an end of each message. */
static bool carries_bytes(int fd)
{
	int type = 0, listens = 0;
	socklen_t length = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length))
		return false;
	length = sizeof(listens);
	return type == SOCK_STREAM && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 &&
	       !listens;
}

static int look_at(int fd, uint32_t *flags, struct error *err)
{
	static const uint32_t by_access[] = {
		[O_RDONLY] = ZONE_DESCRIPTOR_IN, [O_WRONLY] = ZONE_DESCRIPTOR_OUT, [O_RDWR] = BOTH};
	int access = fcntl(fd, F_GETFL);
	struct stat st;

	if (access < 0 || fstat(fd, &st))
		return error_set(err, errno, "--preserve-fds: descriptor %d", fd);
	*flags = access & O_PATH ? 0 : by_access[access & O_ACCMODE];
	if (S_ISSOCK(st.st_mode) && !carries_bytes(fd))
		return error_set(err, 0,
			"--preserve-fds: descriptor %d: a zone can have no socket of this host but a "
			"connected stream",
			fd);
	if (S_ISREG(st.st_mode) && *flags == BOTH)
		return error_set(err, 0,
			"--preserve-fds: descriptor %d: a file that is read and written cannot be carried",
			fd);
	if (!*flags ||
		!(S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return error_set(err, 0, "--preserve-fds: descriptor %d: it is no stream of bytes", fd);
	return 0;
}

int preserved_check(struct preserved *preserved, int count, struct error *err)
{
	preserved->count = 0;
	if (count > ZONE_DESCRIPTORS_MAX)
		return error_set(err, 0, "--preserve-fds: more than %d", ZONE_DESCRIPTORS_MAX);
	for (int i = 0; i < count; i++)
		if (look_at(3 + i, &preserved->flags[i], err))
			return -1;
	preserved->count = (uint32_t)count;
	return 0;
}

void compile_preserved(const struct preserved *preserved, struct spec *spec)
{
	for (uint32_t i = 0; i < preserved->count; i++) {
		spec_begin(spec, ZONE_OP_DESCRIPTOR, "--preserve-fds");
		spec_u32(spec, 3 + i);
		spec_u32(spec, preserved->flags[i]);
		spec_end(spec);
	}
}

void preserved_prepare(const struct preserved *preserved, int fds[2 * ZONE_DESCRIPTORS_MAX])
{
	for (uint32_t i = 0; i < preserved->count; i++) {
		int *in = &fds[zone_stream_in(3 + i) - 3], *out = &fds[zone_stream_out(3 + i) - 3];

		*in = preserved->flags[i] & ZONE_DESCRIPTOR_IN ? stream_prepare((int)(3 + i), 0) : -1;
		*out = preserved->flags[i] & ZONE_DESCRIPTOR_OUT ? stream_prepare((int)(3 + i), 1) : -1;
	}
}
