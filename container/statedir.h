/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/ID, where a container's state is kept:
 *   state.json    struct record, written whole by rename
 *   config.json   the one that it was created from, for those who come later
 *   control.sock  where the monitor takes requests
 *   alive         its lock is held by the container's processes: who gets it knows that they are gone
 *   lock          held by the one call that creates or deletes
 */
#ifndef XENRUN_STATEDIR_H
#define XENRUN_STATEDIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "container/hostcgroup.h"
#include "libocispec/state.h"
#include "util/error.h"

/* A process, told from a later one with the same pid. */
struct process_ref {
	pid_t pid;	     /* 0: none */
	uint64_t start_time; /* clock ticks since boot, /proc/PID/stat's 22nd field */
};

/* All strings are owned. */
struct record {
	char *id;
	char *oci_version;
	char *bundle;
	char *rootfs;
	char *created; /* RFC 3339 */
	char *owner;
	struct oci_map annotations;
	enum oci_status status; /* as the monitor wrote it last; see record_status() */
	struct process_ref creator, standin, monitor, keeper;
	uint8_t uuid[16]; /* of the zone; of a member a name of its own, for what it has on the host */
	char *zone;	  /* the ID of the container whose zone it is a member of; NULL: its own */
	uint8_t zone_uuid[16]; /* that zone's, where there may be another under the ID; 0: not known */
	uint32_t member;  /* its number in that zone */
	bool reclaimed;	  /* the zone is gone, and its nodes */
	struct hostcgroup cgroup; /* on the host; what `delete` finds there may not be there yet */
	char *error;		  /* why the zone ended, when it ended badly */
};

/* 1 to 1024 bytes of [A-Za-z0-9_+.-], not "." or "..". */
int statedir_check_id(const char *id, struct error *err);

/* An ID as the name of a folder, which cannot be as long. */
int statedir_name(const char *id, char name[NAME_MAX + 1]);

/* Makes ROOT/ID, which must not exist; returns its descriptor. */
int statedir_create(const char *root, const char *id, struct error *err);

/* Opens ROOT/ID. Returns -1 with err->number ENOENT if there is no such container. */
int statedir_open(const char *root, const char *id, struct error *err);

/* Opens the file and takes its lock (LOCK_SH or LOCK_EX of flock(2)), waiting at most `seconds`. Returns the
 * descriptor that holds it, or -1 with errno EWOULDBLOCK. */
int statedir_lock(int dir, const char *file, int operation, int seconds);

/* The same lock of ROOT itself, which is made where it is missing: for who decides by the records that are
 * there, until his own is. -1 with *err. */
int statedir_lock_root(const char *root, int seconds, struct error *err);

/* Removes the folder and the files in it. */
int statedir_remove(const char *root, const char *id, struct error *err);

int record_save(int dir, const struct record *record, struct error *err);
struct record *record_load(int dir, struct error *err);
void record_free(struct record *record);

/* Calls `call` for each container whose record can be read, until it returns not 0. One that goes meanwhile
 * is passed over. */
int each_record(const char *root, int (*call)(void *arg, const struct record *record, struct error *err),
	void *arg, struct error *err);

/* The status now: stopped if the stand-in is gone, whatever was written last. */
enum oci_status record_status(const struct record *record);

/* Fills in the start time of a live process. */
struct process_ref process_ref(pid_t pid);
bool process_alive(const struct process_ref *ref);
/* A pidfd of it, -1 if it is gone. */
int process_open(const struct process_ref *ref);

#endif
