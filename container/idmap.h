/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces, and idmapped mounts (config.md, "Mounts", uidMappings), which are made on the host: 9p has
 * none. */
#ifndef XENRUN_IDMAP_H
#define XENRUN_IDMAP_H

#include "container/spec.h"
#include "util/error.h"

/* A user namespace that nobody is in, whose root is the caller's if no mapping has it. Returns a descriptor,
 * or -1 with errno. Needs /proc and CAP_SYS_ADMIN. */
int idmap_namespace(const struct oci_id_mapping *uids, size_t uids_len, const struct oci_id_mapping *gids,
	size_t gids_len);

/*
 * Maps the owners of a detached tree by the volume's mappings: what the file system has as a mapping's
 * containerID is seen as its hostID. The caller's root, if it is nobody's hostID, becomes an ID beyond all
 * others, so that it may make files before it gives them away. Needs /proc and CAP_SYS_ADMIN.
 */
int idmap_tree(int fd, const struct volume *volume, struct error *err);

#endif
