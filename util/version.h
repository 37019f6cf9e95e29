/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_VERSION_H
#define XENRUN_VERSION_H

#define XENRUN_VERSION "0.1.0"

#endif
