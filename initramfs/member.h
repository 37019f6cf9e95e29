/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone that several containers share: each further one is a member, with shares of its own (zone_wire.h,
 * ZONE_EVENT_JOIN) and a zone init of its own, made by that of the container that it shares namespaces with.
 * It is this program again: it does all that the first does, but boots nothing, and its processes are in
 * those namespaces that they are to share.
 */
#ifndef XENRUN_MEMBER_H
#define XENRUN_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What that is called: a kernel gives its first process all parameters that it does not know. */
#define MEMBER_NAME "member"

/* Starts the zone init of member `number`. `container` is a pidfd of this one's container's process, and
 * `namespaces` the CLONE_NEW* of its that are shared. 0, or -1 with errno. */
int member_start(uint32_t number, uint32_t namespaces, int container);

/* Ends all processes of a member, whatever its own zone init does. */
void member_kill(uint32_t number);

/* What this program was started as: takes its arguments, and is in the namespaces that it shares. */
int member_boot(char **arguments);

/* 0: the first zone init. */
extern uint32_t member_number;

/* The pid namespace that the container's process is to be born in; -1 for a new one. */
extern int member_pids;

/* Ends what is left, and this process. */
void member_leave(void) __attribute__((noreturn));

#endif
