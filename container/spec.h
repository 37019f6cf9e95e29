/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a process spec (initramfs/zone_wire.h): what zone init is to do, compiled from config.json. */
#ifndef XENRUN_SPEC_H
#define XENRUN_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "initramfs/zone_wire.h"
#include "libocispec/ocispec.h"
#include "util/error.h"

struct spec {
	uint8_t *data; /* owned */
	size_t length, capacity;
	char **paths; /* owned: the config property behind each operation */
	uint32_t *types;
	uint32_t count;
	size_t current; /* where the operation under way begins */
	bool failed;	/* no memory */
};

/* One operation: spec_begin, its fields in the order of the header, spec_end. */
void spec_begin(struct spec *spec, enum zone_op_type type, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
void spec_u32(struct spec *spec, uint32_t value);
void spec_u64(struct spec *spec, uint64_t value);
void spec_string(struct spec *spec, const char *text);
void spec_bytes(struct spec *spec, const void *data, size_t length);
void spec_end(struct spec *spec);
void spec_free(struct spec *spec);

/* What stands in the volumes share: entry i is its N/NAME. */
struct volume {
	size_t mount;	/* which of config.json's mounts it is for */
	char *source;	/* owned; absolute */
	char *name;	/* owned; the last component */
	char *overlay;	/* owned; options of an overlay to stand there, NULL for a bind of the source */
	bool recursive; /* with the mounts below the source */
	const struct oci_id_mapping *uids, *gids; /* the config's; NULL where owners are as they are */
	size_t uids_len, gids_len;
	bool map_recursive;
	bool read_only; /* also for a guest whose kernel does as it likes */
};
struct volumes {
	struct volume *list; /* owned */
	size_t len;
};
void volumes_free(struct volumes *volumes);

struct network;
struct devices;

/* Names the zone that the container is to be in; who has it has a network namespace of its own in the guest.
 */
#define ANNOTATION_ZONE "org.xenrun.zone"

/* The container's own spec: its surroundings, then its process. `bundle` is what relative sources start from;
 * `network` may be NULL; `devices` was chosen for this config; `shared` are CLONE_NEW* of what it has in
 * common with another of its zone. */
int compile_container(const struct oci_config *config, const char *bundle, const struct network *network,
	const struct devices *devices, uint32_t shared, struct spec *spec, struct volumes *volumes,
	struct error *err);

/* Who owns on the host what the container's user 0 makes. */
void compile_root_owner(const struct oci_config *config, uint32_t *uid, uint32_t *gid);

/* The operations of mounts[i]; a source on the host is added to the volumes. */
int compile_mount(const struct oci_config *config, size_t i, const char *bundle, struct spec *spec,
	struct volumes *volumes, struct error *err);

/* The operations on the container's cgroup: limits alone, or with device rules. */
int compile_limits(const struct oci_resources *resources, struct spec *spec, struct error *err);
int compile_resources(const struct oci_resources *resources, const struct devices *devices, struct spec *spec,
	struct error *err);

/* The DEVICES operation; none where there are no rules. They name block devices by the host's numbers. */
void compile_devices(const struct oci_resources *resources, const struct devices *devices, struct spec *spec);

/* Weights of version 1 of cgroups in those of version 2, as runc has it: 2 to 262144, and 10 to 1000, both to
 * 1 to 10000. */
uint64_t resources_cpu_weight(uint64_t shares);
uint64_t resources_io_weight(uint64_t weight);

/* The operations of the container's own process, READY and EXEC at the end. Between them are its
 * startContainer hooks, which read `state` (JSON). */
int compile_container_process(
	const struct oci_config *config, const char *state, struct spec *spec, struct error *err);

/* All there is of an exec's spec. */
int compile_exec(const struct oci_process *process, const struct oci_linux *linux_, struct spec *spec,
	struct error *err);

/* Its terminal's, before that. `size` may be NULL. */
void compile_terminal(const struct oci_console_size *size, uint32_t owner, struct spec *spec);

/* The SECCOMP operation. */
int compile_seccomp(const struct oci_seccomp *seccomp, struct spec *spec, struct error *err);

/* What a failure of operation `index` means, in the words that callers look for ("executable file not found
 * in $PATH"). Always sets *err and returns -1. */
int spec_failure(const struct spec *spec, const struct oci_process *process, uint32_t index, int number,
	struct error *err);

#endif
