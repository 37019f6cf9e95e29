/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of processes have in common: how they are made (spawn.c), and their lives (process.c).
 */
#ifndef XENRUN_PROCESS_INTERNAL_H
#define XENRUN_PROCESS_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "initramfs/ops.h"
#include "initramfs/process.h"
#include "initramfs/relay.h"
#include "initramfs/userns.h"

/* The container's number. */
#define CONTAINER 0

/* No operation is to blame. */
#define NO_INDEX UINT32_MAX

enum state {
	STATE_MAKING,  /* carries out its spec */
	STATE_CREATED, /* waits for its start */
	STATE_RUNNING,
	STATE_FAILED, /* and dom0 knows */
};

struct process {
	struct process *next;
	uint32_t number;
	enum state state;
	uint32_t namespaces; /* CLONE_NEW* that it was made with */
	struct userns user;  /* who is root in its user namespace */
	pid_t pid;	     /* 0 before there is one */
	int pidfd;
	int channel;		/* to the child (child.h), -1 once it is closed */
	int folder;		/* in the control share */
	int master;		/* of its terminal, -1 for none */
	unsigned rows, columns; /* that it is to have, once there is one; 0: what its spec says */
	int slave;   /* held open: a terminal that nobody has open says so, and its reader would go */
	int stop[2]; /* its second end is open as long as the process lives */
	struct relay relays[ZONE_STREAMS_MAX];
	uint64_t relaying;    /* a bit for each that runs */
	bool started;	      /* dom0 said so, maybe before it was created */
	bool ended, reported; /* `reported`: dom0 had the last word of it */
	int status;	      /* of waitpid */
	bool connects;	      /* it is a connection with the resolver: resolver.h */
	int requested;	      /* the signal that SIGKILL stands for, 0 for none */
};

/* What all processes are made from; descriptors, -1 for none. */
struct zone {
	int poll;
	int cgroup;	  /* the container's */
	int proc;	  /* O_PATH of the zone's /proc */
	int own_pids;	  /* the zone's pid namespace */
	int memory_watch; /* of the container's cgroup */
};
extern struct zone zone;

/* NULL if there is none that dom0 still may speak of. */
struct process *process_find(uint32_t number);

/* Each returns 0, or -1 with errno; *index is the operation to blame, or NO_INDEX. */

/* What of a spec is done before its process is made. */
int spawn_prepare(const struct spec *spec, uint32_t *index);
/* Where a change of the network belongs: to the container, as a pidfd, if it has a namespace of its own; or
 * -1. */
int spawn_network(void);
/* Makes the process, and starts its relays. */
int spawn(struct process *process, const struct spec *spec, uint32_t *index);
/* Puts the device rules in force, when all is set up that a rule could forbid: they are for what the
 * container runs. */
int spawn_attach_devices(uint32_t *index);

/* Both take the descriptor. */
void spawn_relay(struct process *process, unsigned stream, int own);
void spawn_take_terminal(struct process *process, int master);

#endif
