/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_DESCRIPTORS_H
#define XENRUN_DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor from 3 on but these; -1 among them is nothing. */
void close_all_but(const int *kept, size_t count);

/* Opens what the path is in the root, of which that is a descriptor: absolute symlinks and ".." stay in it,
 * and what is in /proc is followed nowhere else. -1 with errno. */
int open_in_root(int root, const char *path, int flags);

#endif
