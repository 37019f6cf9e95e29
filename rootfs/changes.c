/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/changes.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Those that linux/magic.h does not have. */
#define XFS_MAGIC 0x58465342
#define ZFS_MAGIC 0x2fc12fc1

#define COUNTERS (SHARE_CHANGES - 1)
#define PLACES	 (2u * CHANGES_MAX)
#define PROMISE	 (1ull << 63)

/*
 * That a name is made, moved or removed is told of its folder; that a file has one fewer, of the file. A file is
 * watched until the host tells. A folder is watched on, for to begin has the host's kernel go through all names that
 * it knows there; but not when so much is told that nobody asks for, and one that took long is not soon begun again.
 */
#define OF_ALL	  (IN_ATTRIB | IN_MOVE_SELF)
#define OF_FILE	  (OF_ALL | IN_MODIFY | IN_CLOSE_WRITE | IN_ONESHOT)
#define OF_FOLDER (OF_ALL | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF)
#define TOLD_MAX  64
#define REST	  20 /* so many times as long as it took */

int changes_init(struct changes *changes, int fd)
{
	*changes = (struct changes){.fd = fd};
	if (fd > 0)
		changes->watches = calloc(PLACES, sizeof(*changes->watches));
	return fd > 0 && !changes->watches ? -ENOMEM : 0;
}

void changes_release(struct changes *changes)
{
	if (changes->fd > 0)
		close(changes->fd);
	changes->fd = -1;
	free(changes->watches);
	changes->watches = NULL;
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

/* Descriptors are given one after the other. */
static uint32_t place_of(int descriptor)
{
	return (uint32_t)descriptor % PLACES;
}

static struct watch *find(const struct changes *changes, int descriptor)
{
	for (uint32_t at = place_of(descriptor); changes->watches[at].descriptor; at = (at + 1) % PLACES)
		if (changes->watches[at].descriptor == descriptor)
			return &changes->watches[at];
	return NULL;
}

static struct watch *insert(struct changes *changes, struct watch watch)
{
	uint32_t at = place_of(watch.descriptor);

	while (changes->watches[at].descriptor)
		at = (at + 1) % PLACES;
	changes->watches[at] = watch;
	changes->count++;
	return &changes->watches[at];
}

/* Moves those behind it that would not be found any more. */
static void discard(struct changes *changes, struct watch *watch)
{
	uint32_t hole = (uint32_t)(watch - changes->watches), at = hole;

	for (;;) {
		at = (at + 1) % PLACES;
		if (!changes->watches[at].descriptor)
			break;
		if ((at - place_of(changes->watches[at].descriptor)) % PLACES >= (at - hole) % PLACES) {
			changes->watches[hole] = changes->watches[at];
			hole = at;
		}
	}
	changes->watches[hole] = (struct watch){.descriptor = 0};
	changes->count--;
}

static void forget(struct changes *changes, struct watch *watch)
{
	inotify_rm_watch(changes->fd, watch->descriptor);
	count(changes, watch->counter);
	discard(changes, watch);
}

/* Nobody knows what the host has told. */
static void forget_all(struct changes *changes)
{
	for (uint32_t at = 0; at < PLACES; at++)
		if (changes->watches[at].descriptor)
			inotify_rm_watch(changes->fd, changes->watches[at].descriptor);
	memset(changes->watches, 0, PLACES * sizeof(*changes->watches));
	changes->count = 0;
	for (uint32_t i = 0; i < COUNTERS; i++)
		count(changes, i);
}

static void hear(struct changes *changes, const struct inotify_event *event)
{
	struct watch *watch;

	if (event->mask & IN_Q_OVERFLOW) {
		forget_all(changes);
		return;
	}
	watch = find(changes, event->wd);
	if (!watch)
		return;
	/* The attributes of what is in a folder are not its own. */
	if (watch->is_folder && event->mask & IN_ATTRIB && event->len > 0)
		return;
	count(changes, watch->counter);
	if (event->mask & IN_IGNORED)
		discard(changes, watch);
	else if (watch->is_folder && ++watch->told == TOLD_MAX)
		forget(changes, watch);
}

bool changes_read(struct changes *changes)
{
	uint8_t buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool any = false;
	ssize_t length;

	if (changes->fd <= 0)
		return false;
	while ((length = read(changes->fd, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		any = true;
		for (ssize_t at = 0; at < length; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(buffer + at);
			hear(changes, event);
		}
	}
	if (any)
		count(changes, COUNTERS);
	return any;
}

void changes_forget(struct changes *changes, int descriptor)
{
	struct watch *watch = changes->count > 0 ? find(changes, descriptor) : NULL;

	/* Another fid of the file may have it, too. */
	if (watch)
		forget(changes, watch);
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

/* One is to go: the next from where the last was. */
static void make_room(struct changes *changes)
{
	while (!changes->watches[changes->hand].descriptor)
		changes->hand = (changes->hand + 1) % PLACES;
	forget(changes, &changes->watches[changes->hand]);
	changes->hand = (changes->hand + 1) % PLACES;
}

static struct watch *begin(struct changes *changes, const char *path, bool is_folder, uint16_t counter)
{
	uint64_t start = __builtin_ia32_rdtsc();
	int descriptor = inotify_add_watch(changes->fd, path, is_folder ? OF_FOLDER : OF_FILE);
	struct watch *watch;

	if (is_folder) {
		uint64_t end = __builtin_ia32_rdtsc();

		changes->next_folder = end + REST * (end - start);
	}
	if (descriptor < 0)
		return NULL;
	watch = find(changes, descriptor);
	if (watch)
		return watch;
	if (changes->count >= CHANGES_MAX)
		make_room(changes);
	return insert(changes,
		(struct watch){.descriptor = descriptor, .counter = counter, .is_folder = is_folder});
}

uint64_t changes_promise(struct changes *changes, const char *path, int fd, uint64_t device, mode_t type,
	uint64_t number, int *descriptor)
{
	const uint16_t counter = (uint16_t)((number ^ number >> 32) % COUNTERS);
	const bool is_folder = type == S_IFDIR;
	struct watch *watch;
	uint64_t promise;

	if (changes->fd <= 0 || (type != S_IFREG && type != S_IFDIR && type != S_IFLNK))
		return 0;
	if (!changes->has_device || changes->device != device) {
		changes->device_is_local = is_local(fd);
		changes->device = device;
		changes->has_device = true;
	}
	if (!changes->device_is_local)
		return 0;
	/* What came before is none of this promise's business. */
	changes_read(changes);
	promise = PROMISE | (uint64_t)counter << 32;
	watch = *descriptor ? find(changes, *descriptor) : NULL;
	if (!watch || watch->counter != counter) {
		/* One that is broken: it is asked for again. */
		if (is_folder && (int64_t)(__builtin_ia32_rdtsc() - changes->next_folder) < 0)
			return promise | (uint32_t)(changes->values[counter] - 1);
		watch = begin(changes, path, is_folder, counter);
		if (!watch)
			return 0;
		*descriptor = watch->descriptor;
	}
	watch->told = 0;
	return promise | changes->values[counter];
}
