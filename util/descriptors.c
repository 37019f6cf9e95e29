/* SPDX-License-Identifier: Apache-2.0 */
#include "util/descriptors.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

void close_all_but(const int *kept, size_t count)
{
	int from = 3;

	for (;;) {
		int next = -1;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= from && (next < 0 || kept[i] < next))
				next = kept[i];
		if (next < 0)
			break;
		if (next > from)
			close_range((unsigned int)from, (unsigned int)next - 1, 0);
		from = next + 1;
	}
	close_range((unsigned int)from, ~0u, 0);
}

int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}
