/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's labels for Linux security modules: process.apparmorProfile and selinuxLabel,
 * linux.mountLabel. The zone's kernel has no such module, and needs none to keep the container from dom0.
 * Callers on a host that has one put a label in every config: there it is taken without effect. Where the
 * host has none, nobody but the user can have asked for it: an error, as of other runtimes.
 */
#ifndef XENRUN_LSM_H
#define XENRUN_LSM_H

#include "util/error.h"

enum lsm { LSM_APPARMOR, LSM_SELINUX };

/* 0 with a warning in the log, or -1; nothing is said of a label that is NULL or empty. */
int lsm_check(enum lsm lsm, const char *label, const char *property, struct error *err);

#endif
