/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_DESCRIPTORS_H
#define XENRUN_DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor from 3 on but these; -1 among them is nothing. */
void close_all_but(const int *kept, size_t count);

#endif
