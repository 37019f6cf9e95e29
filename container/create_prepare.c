/* SPDX-License-Identifier: Apache-2.0 */
/* All that a creation can be refused for before anything is made. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "container/caller.h"
#include "container/driver.h"
#include "container/member.h"
#include "container/namespaces.h"
#include "container/process.h"
#include "container/size.h"
#include "container/zone_network.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/passing.h"

static int choose_type(struct container *container, const struct host_facts *host, struct error *err)
{
	const char *asked = oci_map_get(&container->config->annotations, "org.xenrun.type");

	container->type = container->settings.type;
	if (asked) {
		container->type = settings_zone_type(asked);
		if (!container->type)
			return error_set(
				err, 0, "annotations.org.xenrun.type: \"%s\" is neither pv nor pvh", asked);
	}
	if (!container->type)
		container->type = host->pvh ? ZONE_PVH : ZONE_PV;
	if (container->type == ZONE_PVH && !host->pvh)
		return error_set(err, 0, "this host cannot run PVH zones: no hardware virtualisation");
	if (container->type == ZONE_PV && !host->pv)
		return error_set(err, 0, "this host's Xen cannot run PV zones");
	return 0;
}

static int choose_size(struct container *container, const struct host_facts *host, struct error *err)
{
	struct zone_size size;

	if (size_choose(container->config, &container->settings, host, 0, &size, err) ||
		size_check_memory(&size, host, 0, err))
		return -1;
	container->memory_kib = size.memory_kib;
	container->vcpus = size.vcpus;
	container->processors = size.processors;
	return 0;
}

static int check_host(struct host_facts *host, struct error *err)
{
	if (geteuid() != 0)
		return error_set(err, EPERM, "xenrun runs as root only");
	host_facts(host);
	if (!host->hypervisor)
		return error_set(err, 0, "this machine does not run on Xen (see xenrun check)");
	if (!host->control)
		return error_set(err, 0, "this is not Xen's control domain (see xenrun check)");
	if (!host->gntdev || !host->evtchn)
		return error_set(err, 0, "%s cannot be opened (see xenrun check)",
			host->gntdev ? "/dev/xen/evtchn" : "/dev/xen/gntdev");
	if (!host->store)
		return error_set(err, 0, "XenStore does not answer: does xenstored run? (see xenrun check)");
	return 0;
}

static int check_config(const struct oci_config *config, struct error *err)
{
	return config->process ? 0 : error_set(err, 0, "process: missing");
}

/* Paths in config.json start from the bundle. */
static int find_paths(struct container *container, struct error *err)
{
	const char *asked = container->options->bundle ? container->options->bundle : ".";
	cleanup_free char *bundle = realpath(asked, NULL), *config = NULL, *root = NULL;
	struct record *record = container->record;
	struct stat st;

	if (!bundle)
		return error_set(err, errno, "bundle %s", asked);
	if (container->options->config)
		config = strdup(container->options->config);
	else if (asprintf(&config, "%s/config.json", bundle) < 0)
		config = NULL;
	if (!config)
		return error_set(err, ENOMEM, "bundle");
	container->config =
		oci_config_load_and_keep(config, &container->config_text, &container->config_length, err);
	if (!container->config)
		return -1;
	for (size_t i = 0; i < container->config->warnings.len; i++)
		log_message(LOG_WARNING, "%s", container->config->warnings.messages[i]);

	if (*container->config->root->path == '/')
		root = strdup(container->config->root->path);
	else if (asprintf(&root, "%s/%s", bundle, container->config->root->path) < 0)
		root = NULL;
	record->rootfs = root ? realpath(root, NULL) : NULL;
	if (!record->rootfs || stat(record->rootfs, &st))
		return error_set(err, errno, "root.path: %s", root);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, 0, "root.path: %s is not a folder", root);
	record->bundle = steal_pointer(&bundle);
	return 0;
}

static int fill_record(struct container *container, struct error *err)
{
	struct record *record = container->record;
	const struct oci_map *annotations = &container->config->annotations;
	char stamp[48], fraction[16];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(fraction, sizeof(fraction), ".%09ldZ", now.tv_nsec);
	strcat(stamp, fraction);

	record->id = strdup(container->options->id);
	record->oci_version = strdup(container->config->oci_version);
	record->created = strdup(stamp);
	record->owner = strdup("");
	record->creator = process_ref(getpid());
	record->status = OCI_STATUS_CREATING;
	record->annotations.keys = calloc(annotations->len + 1, sizeof(char *));
	record->annotations.values = calloc(annotations->len + 1, sizeof(char *));
	if (!record->id || !record->oci_version || !record->created || !record->owner ||
		!record->annotations.keys || !record->annotations.values)
		return error_set(err, ENOMEM, "container");
	for (size_t i = 0; i < annotations->len; i++) {
		record->annotations.keys[i] = strdup(annotations->keys[i]);
		record->annotations.values[i] = strdup(annotations->values[i]);
		if (!record->annotations.keys[i] || !record->annotations.values[i])
			return error_set(err, ENOMEM, "annotations");
		record->annotations.len++;
	}
	if (getrandom(record->uuid, sizeof(record->uuid), 0) != sizeof(record->uuid))
		return error_set(err, errno, "getrandom");
	/* RFC 4122, version 4. */
	record->uuid[6] = (uint8_t)((record->uuid[6] & 0x0f) | 0x40);
	record->uuid[8] = (uint8_t)((record->uuid[8] & 0x3f) | 0x80);
	return 0;
}

/* The size of the terminal that the call was made from counts more than what config.json says. */
static void take_size(struct oci_process *process)
{
	uint32_t rows, columns;

	for (int fd = 0; fd < 3; fd++) {
		if (!terminal_size(fd, &rows, &columns))
			continue;
		if (!process->console_size)
			process->console_size = calloc(1, sizeof(*process->console_size));
		if (process->console_size)
			*process->console_size = (struct oci_console_size){.height = rows, .width = columns};
		break;
	}
}

/* What is in the container's network namespace already, if it is there already. */
static int look_at_network(struct container *container, struct error *err)
{
	if (network_namespace(container->config, &container->network_namespace, err) ||
		member_find_zone(container, err))
		return -1;
	if (container->owner) {
		container->record->zone = strdup(container->owner->id);
		if (!container->record->zone)
			return error_set(err, ENOMEM, "container");
		memcpy(container->record->zone_uuid, container->owner->uuid,
			sizeof(container->record->zone_uuid));
	}
	/* The zone has it already. */
	if (container->shared & CLONE_NEWNET) {
		close(steal_fd(&container->network_namespace));
		return 0;
	}
	container->network_first = hooks_before_root(container->config);
	if (container->network_namespace < 0)
		return 0;
	if (network_read(container->network_namespace, &container->network, err) ||
		network_number(&container->network, NULL, err))
		return -1;
	if (!container->network.interfaces_len)
		return 0;
	container->network_first = true;
	return zone_network_driver(err);
}

/* Which of the host's devices the zone is given. Of a zone that is there they have numbers that none had. */
static int look_at_devices(struct container *container, struct error *err)
{
	struct devices *devices = &container->devices;
	uint32_t first;

	if (devices_choose(container->config->linux_, DEVICES_HOST, devices, err))
		return -1;
	if (!devices->disks_len)
		return 0;
	if (!driver_load("vbd", "xen-blkback"))
		return error_set(err, 0,
			"linux.devices: dom0's kernel has no xen-blkback, which serves block devices");
	if (!container->owner)
		return 0;
	if (zone_take_vbds(container->owner->uuid, devices->disks_len, &first, err))
		return -1;
	devices_number(devices, first);
	return 0;
}

int create_prepare(struct container *container, struct error *err)
{
	const struct container_options *options = container->options;
	cleanup_free char *state = NULL;
	struct host_facts host;

	if (preserved_check(&container->preserved, options->preserve_fds, err) ||
		statedir_check_id(options->id, err))
		return -1;
	container->record = calloc(1, sizeof(*container->record));
	if (!container->record)
		return error_set(err, ENOMEM, "container");
	if (find_paths(container, err) || check_config(container->config, err) || fill_record(container, err))
		return -1;
	container->caller_folder = caller_folder();
	if (terminal_check(
		    container->config->process->terminal, options->console_socket, options->foreground, err))
		return -1;
	if (hostcgroup_find(options->cgroup_manager,
		    container->config->linux_ ? container->config->linux_->cgroups_path : NULL, options->id,
		    &container->record->cgroup, &container->slice, err))
		return -1;
	if (options->foreground && container->config->process->terminal)
		take_size(container->config->process);
	if (settings_load(CONTAINER_SETTINGS, &container->settings, err) || check_host(&host, err) ||
		choose_type(container, &host, err) || choose_size(container, &host, err))
		return -1;
	if (namespaces_check(container->config, err) || look_at_network(container, err) ||
		look_at_devices(container, err))
		return -1;
	/* For hooks in the zone, whose pid namespace has this process as its first. */
	state = hook_state(container->record, OCI_STATUS_CREATED, 1, err);
	if (!state ||
		compile_container(container->config, container->record->bundle, &container->network,
			&container->devices, container->shared, &container->spec, &container->volumes, err))
		return -1;
	compile_preserved(&container->preserved, &container->spec);
	if (compile_container_process(container->config, state, &container->spec, err))
		return -1;
	if (container->owner)
		return 0;
	return guest_image_load(
		container->config, container->record->rootfs, &container->settings, &container->image, err);
}
