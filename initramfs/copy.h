/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_COPY_H
#define XENRUN_COPY_H

/*
 * Copies what is in a folder into another, with owners, modes and times. Both are O_PATH descriptors.
 * Allocates nothing. What the caller may not make or give away (a device, in a lesser user namespace) is an
 * error. 0, or -1 with errno.
 */
int copy_folder(int from, int to);

#endif
