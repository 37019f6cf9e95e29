/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_MODULES_H
#define XENRUN_MODULES_H

/* Loads what /modules/list names, in its order; what cannot be loaded is said on the console. */
void modules_load(void);

#endif
