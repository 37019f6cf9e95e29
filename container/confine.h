/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process that hears a guest gives up once it is set up: capabilities, then system calls. One that is
 * not allowed ends the process (SECCOMP_RET_KILL_PROCESS), and the kernel's log says which it was.
 * docs/security.md has each call's reason.
 */
#ifndef XENRUN_CONFINE_H
#define XENRUN_CONFINE_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

enum confined {
	CONFINED_STANDIN, /* serves the shares */
	CONFINED_EXEC,	  /* stands for a process of exec's */
};

/* Leaves the capabilities that it needs, in no set more, and none for what it might execute. */
int confine_capabilities(enum confined who, struct error *err);

/* One call that is allowed; where a rule is about an argument, with that value only. */
struct confine_rule {
	int call;
	unsigned int argument; /* 1 to 6; 0: whatever the arguments are */
	uint64_t value;
};
/* All of them; a call has several where several values are allowed. */
const struct confine_rule *confine_rules(enum confined who, size_t *count);

/* Has malloc(3) make no call but brk(2): to be called before anything is allocated that is freed under the
 * filter. */
void confine_heap(void);

/* Compiles the filter, which waits for nothing; confine_calls() puts it in force and frees it. What is open
 * and mapped stays. */
struct filter;
struct filter *confine_filter(enum confined who, struct error *err);
int confine_calls(struct filter *filter, struct error *err);

#endif
