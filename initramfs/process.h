/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that dom0 asked for, by its numbers: 0 is the container's own. One thread holds them all. */
#ifndef XENRUN_PROCESS_H
#define XENRUN_PROCESS_H

#include <stdint.h>

struct process;

/* `poll` is the epoll descriptor that news of processes come through, each with its process as data. */
void process_boot(int poll);

/* What dom0 asks for. */
void process_create(uint32_t number);
void process_start(uint32_t number);
void process_signal(uint32_t number, int signal, int everybody);
void process_resize(uint32_t number, unsigned rows, unsigned columns);
void process_hang_up(uint32_t number);

/* What epoll knows the watch of the container's memory by: then process_out_of_memory() is to be called. */
extern char process_memory_watch;
void process_out_of_memory(void);

/* The container of another comes into the zone (ZONE_EVENT_JOIN). */
void process_join(uint32_t number, uint32_t namespaces);

/* A process said something on its channel. */
void process_heard(struct process *process);

/* A relay of it has ended. */
void process_relayed(struct process *process, unsigned stream);

/* How many milliseconds nothing may happen before process_reap() is called all the same; -1 for any. */
int process_patience(void);

/* Takes note of every child that has ended, and of what has been waited for long enough. */
void process_reap(void);

#endif
