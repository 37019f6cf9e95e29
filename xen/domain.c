/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a domain with libxenguest: a PV guest, or a PVH one without ACPI tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xen/zone.h"

/* xen/include/public/arch-x86/cpuid.h, leaf 4: tsc_mode. */
#define TSC_NEVER_EMULATE 2

#define KIB 1024ull
#define GIB (1024 * 1024 * KIB)

/* The guest's physical addresses from here to 4 GiB are no memory: the local APIC (0xfee00000), the
 * special pages of Xen, and where ACPI tables would stand. */
#define PVH_MMIO_START 0xfc000000ull

uint64_t paging_pool_bytes(uint64_t memory_kib, uint32_t vcpus)
{
	uint64_t bytes = 4 * KIB * (256ull * vcpus + 2 * (memory_kib / KIB));

	return (bytes + 1024 * KIB - 1) & ~(1024 * KIB - 1);
}

static int create(struct zone *zone, const struct zone_config *config, struct error *err)
{
	bool pvh = config->type == ZONE_PVH;
	struct xen_domctl_createdomain create = {
		.flags = pvh ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_oos_off : 0,
		.max_vcpus = config->vcpus,
		.max_evtchn_port = 1023,
		.max_grant_frames = 64,
		.max_maptrack_frames = 1024,
		.grant_opts = XEN_DOMCTL_GRANT_version(2),
		.arch.emulation_flags = pvh ? XEN_X86_EMU_LAPIC : 0,
	};
	uint32_t domid = 0;

	memcpy(create.handle, config->uuid, sizeof(create.handle));
	if (xc_domain_create(zone->xc, &domid, &create))
		return xen_error(err, &zone->log, "cannot create a domain");
	zone->domid = domid;

	/* Without vCPUs a PVH domain would bring down the hypervisor in the calls that follow. */
	if (xc_domain_max_vcpus(zone->xc, domid, config->vcpus))
		return xen_error(err, &zone->log, "cannot give the domain its vCPUs");
	zone->vcpus = config->vcpus;
	if (zone_set_processors(zone, &config->processors, err))
		return -1;
	if (xc_domain_setmaxmem(zone->xc, domid, config->memory_kib + SLACK_KIB))
		return xen_error(err, &zone->log, "cannot set the domain's memory");
	zone->memory_kib = zone->memory_most_kib = config->memory_kib;
	if (!pvh && xc_domain_set_memmap_limit(zone->xc, domid, config->memory_kib + SLACK_KIB))
		return xen_error(err, &zone->log, "cannot set the domain's memory map");
	/* It never moves to another host, whose counter might differ: a read of it need not be emulated. */
	if (xc_domain_set_tsc_info(zone->xc, domid, TSC_NEVER_EMULATE, 0, 0, 0))
		return xen_error(err, &zone->log, "cannot set the domain's time stamp counter");
	if (pvh) {
		if (xc_hvm_param_set(zone->xc, domid, HVM_PARAM_TIMER_MODE, 1))
			return xen_error(err, &zone->log, "cannot set the domain's timer mode");
		if (xc_set_paging_mempool_size(
			    zone->xc, domid, paging_pool_bytes(config->memory_kib, config->vcpus)))
			return xen_error(err, &zone->log, "no memory for the domain's page tables");
	}
	return 0;
}

static int open_channels(struct zone *zone, struct error *err)
{
	int port;

	port = xc_evtchn_alloc_unbound(zone->xc, zone->domid, 0);
	if (port < 0)
		return xen_error(err, &zone->log, "cannot make the XenStore event channel");
	zone->store_port = (uint32_t)port;

	port = xc_evtchn_alloc_unbound(zone->xc, zone->domid, 0);
	if (port < 0)
		return xen_error(err, &zone->log, "cannot make the console's event channel");
	zone->console_port = (uint32_t)port;
	return 0;
}

static void describe_pvh_memory(struct xc_dom_image *dom, const struct zone_config *config)
{
	uint64_t size = config->memory_kib * KIB;

	dom->mmio_start = PVH_MMIO_START;
	dom->mmio_size = 4 * GIB - PVH_MMIO_START;
	dom->lowmem_end = size < PVH_MMIO_START ? size : PVH_MMIO_START;
	dom->highmem_end = size < PVH_MMIO_START ? 0 : 4 * GIB + (size - PVH_MMIO_START);
	dom->target_pages = size >> XC_PAGE_SHIFT;
	dom->device_model = false;
}

/* libxenguest keeps the map to the end: it is allocated from the image's own memory. */
static int set_pvh_memory_map(struct zone *zone, struct xc_dom_image *dom)
{
	struct e820entry *map = xc_dom_malloc(dom, 3 * sizeof(*map));
	uint32_t count = 0;

	if (!map)
		return -1;
	map[count++] = (struct e820entry){.addr = 0, .size = dom->lowmem_end, .type = E820_RAM};
	map[count++] = (struct e820entry){
		.addr = (uint64_t)(X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES) << XC_PAGE_SHIFT,
		.size = (uint64_t)X86_HVM_NR_SPECIAL_PAGES << XC_PAGE_SHIFT,
		.type = E820_RESERVED,
	};
	if (dom->highmem_end)
		map[count++] = (struct e820entry){
			.addr = 4 * GIB, .size = dom->highmem_end - 4 * GIB, .type = E820_RAM};
	dom->e820 = map;
	dom->e820_entries = count;
	return xc_domain_set_memory_map(zone->xc, zone->domid, map, count);
}

static int load(
	struct zone *zone, const struct zone_config *config, struct xc_dom_image *dom, struct error *err)
{
	bool pvh = config->type == ZONE_PVH;

	if (xc_dom_kernel_mem(dom, config->kernel, config->kernel_size))
		return xen_error(err, &zone->log, "kernel");
	if (config->initramfs && xc_dom_module_mem(dom, config->initramfs, config->initramfs_size, NULL))
		return xen_error(err, &zone->log, "initramfs");

	dom->container_type = pvh ? XC_DOM_HVM_CONTAINER : XC_DOM_PV_CONTAINER;
	dom->console_evtchn = zone->console_port;
	dom->xenstore_evtchn = zone->store_port;
	dom->max_vcpus = config->vcpus;

	if (xc_dom_boot_xen_init(dom, zone->xc, zone->domid))
		return xen_error(err, &zone->log, "cannot ask the hypervisor about itself");
	if (xc_dom_parse_image(dom))
		return xen_error(err, &zone->log, "kernel: not one that Xen can load");
	if (pvh)
		describe_pvh_memory(dom, config);
	if (xc_dom_mem_init(dom, (unsigned int)(config->memory_kib / KIB)) || xc_dom_boot_mem_init(dom))
		return xen_error(err, &zone->log, "cannot allocate the domain's memory");
	if (pvh && set_pvh_memory_map(zone, dom))
		return xen_error(err, &zone->log, "cannot set the domain's memory map");
	if (xc_dom_build_image(dom))
		return xen_error(err, &zone->log, "cannot load the kernel into the domain");
	if (pvh && mptable_write(dom, config->vcpus))
		return xen_error(err, &zone->log, "cannot write the domain's MP table");
	if (xc_dom_boot_image(dom))
		return xen_error(err, &zone->log, "cannot set the domain's first vCPU");
	if (xc_dom_gnttab_init(dom))
		return xen_error(err, &zone->log, "cannot seed the domain's grant table");

	/* A PVH guest's frames are its own numbers; a PV guest's are the machine's. */
	zone->store_frame = pvh ? dom->xenstore_pfn : xc_dom_p2m(dom, dom->xenstore_pfn);
	zone->console_frame = pvh ? dom->console_pfn : xc_dom_p2m(dom, dom->console_pfn);
	return 0;
}

int domain_build(struct zone *zone, const struct zone_config *config, struct error *err)
{
	struct xc_dom_image *dom;
	int result = -1;

	if (create(zone, config, err) || open_channels(zone, err))
		return -1;
	if (xc_cpuid_apply_policy(zone->xc, zone->domid, false, NULL, 0, true, false, false, NULL, NULL))
		return xen_error(err, &zone->log, "cannot set the domain's CPU features");

	dom = xc_dom_allocate(zone->xc, config->cmdline, NULL);
	if (!dom)
		return error_set(err, ENOMEM, "cannot build a domain");
	result = load(zone, config, dom, err);
	xc_dom_release(dom);
	return result;
}
