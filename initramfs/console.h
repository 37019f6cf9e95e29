/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_CONSOLE_H
#define XENRUN_CONSOLE_H

/* Opens the console as 0, 1 and 2, where the kernel found none to give. */
void console_open(void);

/* Prints "zone init: WHAT: DETAIL: error N"; detail may be NULL, error 0. */
void say(const char *what, const char *detail, int error);

#endif
