/* SPDX-License-Identifier: Apache-2.0 */
/* What the callers want to know beyond runtime.md, and find in files: here, that memory ran out. */
#ifndef XENRUN_CALLER_H
#define XENRUN_CALLER_H

/* The folder in which the conmon that called us keeps what is to be known of the container: owned, NULL if no
 * conmon did or if it has none. */
char *caller_folder(void);

/* Leaves a file `oom` in the bundle, and in that folder if there is one. */
void caller_note_oom(const char *bundle, const char *folder);

#endif
