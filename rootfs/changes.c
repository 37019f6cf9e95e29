/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/changes.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Those that linux/magic.h does not have. */
#define XFS_MAGIC 0x58465342
#define ZFS_MAGIC 0x2fc12fc1

#define COUNTERS (SHARE_CHANGES - 1)
#define PROMISE	 (1ull << 63)

/* A name that is made, moved or removed is its folder's; that there is one fewer is told of the file. */
#define OF_ALL	  (IN_ATTRIB | IN_MOVE_SELF | IN_ONESHOT)
#define OF_FILE	  (OF_ALL | IN_MODIFY | IN_CLOSE_WRITE)
#define OF_FOLDER (OF_ALL | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF)

void changes_init(struct changes *changes, int fd)
{
	*changes = (struct changes){.fd = fd, .oldest = 1};
}

void changes_release(struct changes *changes)
{
	if (changes->fd > 0)
		close(changes->fd);
	changes->fd = -1;
}

static void count(struct changes *changes, uint32_t counter)
{
	uint32_t value = ++changes->values[counter];

	if (changes->shared)
		__atomic_store_n(&changes->shared[counter], value, __ATOMIC_RELEASE);
}

void changes_share(struct changes *changes, uint32_t *shared)
{
	changes->shared = shared;
	for (uint32_t i = 0; shared && i < SHARE_CHANGES; i++)
		__atomic_store_n(&shared[i], changes->values[i], __ATOMIC_RELAXED);
}

static uint32_t counter_of(int watch)
{
	return (uint32_t)watch % COUNTERS;
}

bool changes_read(struct changes *changes)
{
	uint8_t buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool any = false;
	ssize_t length;

	if (changes->fd <= 0)
		return false;
	while ((length = read(changes->fd, buffer, sizeof(buffer))) > 0) {
		any = true;
		for (ssize_t at = 0; at < length; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(buffer + at);
			if (event->mask & IN_Q_OVERFLOW)
				for (uint32_t i = 0; i < COUNTERS; i++)
					count(changes, i);
			else
				count(changes, counter_of(event->wd));
			if (event->mask & IN_IGNORED)
				changes->count--;
		}
	}
	if (any)
		count(changes, COUNTERS);
	return any;
}

void changes_forget(struct changes *changes, int watch)
{
	/* It fails if the host has told of it. If not, another name of the file may have the same one. */
	if (changes->fd > 0 && inotify_rm_watch(changes->fd, watch) == 0)
		count(changes, counter_of(watch));
}

/* Whether nobody but this host's kernel changes what is on the file system. */
static bool is_local(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return false;
	switch ((uint32_t)st.f_type) {
	case EXT4_SUPER_MAGIC: /* and ext2's and ext3's */
	case XFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case ZFS_MAGIC:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case MSDOS_SUPER_MAGIC:
	case ISOFS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
		return true;
	default:
		return false;
	}
}

uint64_t changes_promise(
	struct changes *changes, const char *path, int fd, uint64_t device, mode_t type, int *watch)
{
	uint32_t counter;
	int new;

	if (changes->fd <= 0 || (type != S_IFREG && type != S_IFDIR && type != S_IFLNK))
		return 0;
	if (!changes->known || changes->device != device) {
		changes->told = is_local(fd);
		changes->device = device;
		changes->known = true;
	}
	if (!changes->told)
		return 0;
	/* What came before is none of this promise's business. */
	changes_read(changes);
	while (changes->count >= CHANGES_MAX && changes->oldest <= changes->newest) {
		changes_forget(changes, changes->oldest++);
		changes_read(changes);
	}
	new = inotify_add_watch(changes->fd, path, type == S_IFDIR ? OF_FOLDER : OF_FILE);
	if (new < 0)
		return 0;
	if (new > changes->newest) {
		changes->newest = new;
		changes->count++;
	}
	*watch = new;
	counter = counter_of(new);
	return PROMISE | (uint64_t)counter << 32 | changes->values[counter];
}
