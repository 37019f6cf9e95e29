/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that more than one file reads. oci_config_table is the whole of config.json, for whoever walks
 * it. */
#ifndef XENRUN_TABLES_H
#define XENRUN_TABLES_H

#include "libocispec/decode.h"

extern const struct oci_table oci_config_table;
extern const struct oci_table oci_process_table;
extern const struct oci_table oci_linux_table;
extern const struct oci_table oci_resources_table;
extern const struct oci_table oci_vm_table;
extern const struct oci_table oci_id_mapping_table;

#endif
