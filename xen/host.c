/* SPDX-License-Identifier: Apache-2.0 */
/* What this host has of Xen; asking changes nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "xen/zone.h"

static bool can_open(const char *path)
{
	cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

static bool is_xen(void)
{
	cleanup_fclose FILE *file = fopen("/sys/hypervisor/type", "re");
	char type[8] = "";

	return file && fgets(type, sizeof(type), file) && strncmp(type, "xen", 3) == 0;
}

static bool is_control_domain(void)
{
	cleanup_fclose FILE *file = fopen("/proc/xen/capabilities", "re");
	char text[64] = "";

	return file && fgets(text, sizeof(text), file) && strstr(text, "control_d");
}

void host_facts(struct host_facts *facts)
{
	struct xen_log log;
	xc_interface *xc;
	xc_physinfo_t physical = {0};
	struct xs_handle *store;
	int version;

	memset(facts, 0, sizeof(*facts));
	facts->hypervisor = is_xen();
	facts->privcmd = can_open("/dev/xen/privcmd");
	facts->gntdev = can_open("/dev/xen/gntdev");
	facts->evtchn = can_open("/dev/xen/evtchn");
	facts->netback = access("/sys/bus/xen-backend/drivers/vif", F_OK) == 0;
	facts->blkback = access("/sys/bus/xen-backend/drivers/vbd", F_OK) == 0;
	if (!facts->hypervisor || !facts->privcmd)
		return;

	xen_log_init(&log);
	xc = xc_interface_open(&log.logger, &log.logger, 0);
	if (!xc)
		return;
	version = xc_version(xc, XENVER_version, NULL);
	if (version >= 0) {
		xen_extraversion_t extra = {0};

		facts->version_major = (unsigned int)version >> 16;
		facts->version_minor = (unsigned int)version & 0xffff;
		if (xc_version(xc, XENVER_extraversion, &extra) == 0)
			snprintf(facts->version_extra, sizeof(facts->version_extra), "%.*s",
				(int)sizeof(facts->version_extra) - 1, (const char *)extra);
	}
	if (xc_physinfo(xc, &physical) == 0) {
		/* Only the control domain is told. */
		facts->control = is_control_domain() || physical.nr_cpus > 0;
		facts->pv = physical.capabilities & XEN_SYSCTL_PHYSCAP_pv;
		facts->pvh = physical.capabilities & XEN_SYSCTL_PHYSCAP_hvm &&
			     physical.capabilities & XEN_SYSCTL_PHYSCAP_hap;
		facts->free_memory_kib = physical.free_pages * (XC_PAGE_SIZE / 1024);
		facts->cpus = physical.nr_cpus;
		facts->cpu_numbers = physical.max_cpu_id + 1;
	}
	xc_interface_close(xc);

	store = xs_open(0);
	if (store) {
		unsigned int length;
		char *value = xs_read(store, XBT_NULL, "/local/domain/0/domid", &length);

		/* A daemon that answers at all will do. */
		facts->store = value || xs_is_domain_introduced(store, 0);
		free(value);
		xs_close(store);
	}
}
