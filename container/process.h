/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of container/ share: the processes that create leaves behind. Nobody else includes it. */
#ifndef XENRUN_PROCESS_H
#define XENRUN_PROCESS_H

#include "container/container.h"
#include "container/devices.h"
#include "container/kernel.h"
#include "container/messages.h"
#include "container/network.h"
#include "container/preserved.h"
#include "container/spec.h"
#include "container/statedir.h"
#include "container/terminal.h"

/* One container on its way from create to its two processes, which inherit it over fork. */
struct container {
	const struct container_options *options;
	struct oci_config *config;
	char *config_text; /* config.json as it was read */
	size_t config_length;
	struct settings settings;
	struct record *record;
	struct spec spec;
	struct volumes volumes;
	int deciding;		/* the lock of the state's root, until the record says which zone; or -1 */
	struct record *owner;	/* of the zone that it is to be a member of; NULL: it has one of its own */
	char *mate;		/* the ID of who is in that zone and has what it shares */
	uint32_t shared;	/* CLONE_NEW* of that */
	int network_namespace;	/* of a path that config.json has; -1: a new one, which is empty */
	struct network network; /* what is in it */
	struct devices devices;
	/* It may be filled by hooks, or is there already: the process starts when the monitor says so. */
	bool network_first;
	struct guest_image image;
	enum zone_type type;
	uint64_t memory_kib;
	uint32_t vcpus;
	struct zone_processors processors;
	int dir;     /* the state's folder */
	int alive;   /* its lock, shared by all processes */
	int creator; /* socket to the call that creates: struct answer goes there */
	int standin; /* the monitor's end of the socket to the stand-in */
	int monitor; /* the stand-in's end */
	int gate;    /* the stand-in's end of the socket to the call, where hooks have it wait; -1 for none */
	int standin_pidfd;
	char *slice; /* of record->cgroup's scope, where it has one */
	struct hostcgroup_hold cgroup;
	struct terminal terminal; /* its slave is the process's streams, where there is one */
	struct preserved preserved;
	char *caller_folder; /* caller.h */
};

/* The stand-in has only to exit when its monitor is gone. */
#define STANDIN_END_MS 5000

/* Become the stand-in, the monitor. They do not return. */
void standin_main(struct container *container) __attribute__((noreturn));
void keeper_main(struct container *container) __attribute__((noreturn));
void monitor_run(struct container *container) __attribute__((noreturn));

/* Takes away whatever is left of a container whose processes are gone: zone, nodes. */
int reclaim(const char *root, struct record *record, struct error *err);

/* After a creation that failed: removes what it made on the host of the container's cgroup. */
int remove_cgroup(const struct container *container, struct error *err);

/* The first half of create: reads the config and fills *container, whose options are there. Nothing is made. */
int create_prepare(struct container *container, struct error *err);

/* delete --force of the container that was made with this UUID: one that has its ID now may be another. */
int delete_own(const char *root, const char *id, const uint8_t uuid[16], struct error *err);

/* The config.json that the container was created from, as it was then. The caller frees it. */
struct oci_config *container_config(int dir, struct error *err);
/* Keeps a copy for it. */
int config_keep(int dir, const char *text, size_t length, struct error *err);
/* Another one, beside it, that takes its place when what it says is in force, or is dropped. */
int config_write_new(int dir, const char *text, struct error *err);
int config_take_new(int dir, struct error *err);
void config_drop_new(int dir);

/* exec's process; config loses its own where that is what it begins with. The caller frees it. */
struct oci_process *exec_process(
	const struct exec_options *options, struct oci_config *config, struct error *err);

/* Asks the zone something of the container (ZONE_OP_PROCESSES…). The answer is the guest's word, bounded in
 * length; the caller frees it. */
char *exec_query(int dir, enum zone_op_type operation, const char *property, struct error *err);

/* Has the zone write the files of a spec that ends with ZONE_OP_LIMITS. */
int exec_limits(int dir, struct spec *spec, struct error *err);

/* Sends a struct answer: an error, or NULL with a text of its own, which may be NULL. */
void send_answer(int fd, const struct error *err, const char *text);
/* Waits for a struct answer. `whose` death it would be that none comes. */
int await_answer(int fd, const char *whose, struct error *err);

/* Writes the pid, by rename: who waits for the file may read it at any time. */
int write_pid_file(const char *path, pid_t pid, struct error *err);

/* Passes signals that a person or a service manager sends to the call on to the process that it waits for,
 * and waits. Returns the exit status. */
void forward_signals(pid_t pid);
int await_exit(pid_t pid);

/* A socket to the monitor; -1 with err->number ECONNREFUSED when there is none. flags: SOCK_NONBLOCK, or 0.
 */
int connect_monitor(int dir, int flags, struct error *err);

/* Asks the monitor. Returns 0, -1 with what it says, or with err->number ECONNREFUSED when there is none. */
int request_monitor(int dir, const struct request *request, struct answer *answer, struct error *err);

/* What hooks read on their standard input; -1 leaves the pid out. The caller frees it. */
char *hook_state(const struct record *record, enum oci_status status, pid_t pid, struct error *err);
/* Whether the stand-in has to wait for hooks, or has any to run itself, before its root is made. */
bool hooks_before_root(const struct oci_config *config);
/* prestart and createRuntime; createContainer, by the stand-in. There are hooks. */
int hooks_create_runtime(const struct oci_config *config, const struct record *record, struct error *err);
int hooks_create_container(const struct oci_config *config, const struct record *record, struct error *err);
/* A config that is NULL has none. */
int hooks_poststart(const struct oci_config *config, const struct record *record, struct error *err);
void hooks_poststop(const struct oci_config *config, const struct record *record);

/* A status as an exit status: as a shell says it. */
int exit_status(int wait_status);

/* The stand-in's tree for people: pivots into the root, with a /proc of its own, and the volumes' trees at
 * their destinations, made where they are missing unless the root is read-only: `podman cp` copies to there.
 * The trees are taken. */
int standin_enter(const struct container *container, int *trees, struct error *err);
/* Puts the sources of the volumes share together on `where`, and returns an O_PATH descriptor of a tree that
 * is seen nowhere. Sets `trees` to one of each volume's own, or -1. */
int standin_volumes(const struct volumes *volumes, const char *where, int *trees, struct error *err);
/* The same for the root. */
int standin_root(const char *rootfs, struct error *err);
/* An O_PATH descriptor of its own /proc/self/fd, in a /proc that has its own processes and nothing else. */
int standin_proc(struct error *err);

#endif
