/* SPDX-License-Identifier: Apache-2.0 */
/* dom0's own back ends. */
#ifndef XENRUN_DRIVER_H
#define XENRUN_DRIVER_H

#include <stdbool.h>

/* Whether dom0's kernel serves devices of that type ("vif", "vbd"); loads the module where it does not yet.
 */
bool driver_load(const char *type, const char *module);

#endif
