/* SPDX-License-Identifier: Apache-2.0 */
/* `xenrun check`: what this host has for running zones, and what to do about what it lacks. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "container/container.h"
#include "container/kernel.h"
#include "util/cleanup.h"

/* One line; `needed` things that are missing make the whole fail. */
static bool line(FILE *out, bool there, const char *what, const char *remedy)
{
	fprintf(out, "%-4s %s%s%s\n", there ? "ok" : "NO", what, there || !remedy ? "" : ": ",
		there || !remedy ? "" : remedy);
	return there;
}

/* Whether this kernel has them, in itself or as modules. */
static bool has_modules(const char *const *names)
{
	static const char *const lists[] = {"modules.dep", "modules.builtin"};
	cleanup_free char *text = NULL;
	size_t size = 0;
	struct utsname name;
	FILE *all = open_memstream(&text, &size);

	if (!all || uname(&name))
		return false;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		char path[256], part[4096];
		cleanup_fclose FILE *list = NULL;

		snprintf(path, sizeof(path), "/lib/modules/%s/%s", name.release, lists[i]);
		list = fopen(path, "re");
		while (list && fgets(part, sizeof(part), list))
			fputs(part, all);
	}
	fclose(all);
	for (; *names; names++)
		if (!text || !strstr(text, *names))
			return false;
	return true;
}

bool container_check(FILE *out)
{
	static const char *const network[] = {
		"/xen-netback.ko", "/sch_ingress.ko", "/cls_bpf.ko", "/act_mirred.ko", NULL};
	static const char *const disks[] = {"/xen-blkback.ko", NULL};

	struct settings settings;
	struct guest_image image;
	struct host_facts host;
	struct error err = {0};
	cleanup_free char *kernel = NULL;
	char text[128];
	bool able = true;

	host_facts(&host);
	able &= line(out, geteuid() == 0, "root", "run xenrun as root");
	able &= line(out, host.hypervisor, "Xen hypervisor",
		"install xen-system-amd64 and boot the entry \"with Xen hypervisor\"");
	if (host.version_major) {
		snprintf(text, sizeof(text), "Xen version %u.%u%s", host.version_major, host.version_minor,
			host.version_extra);
		line(out, true, text, NULL);
	}
	able &= line(out, host.control, "control domain", "xenrun runs in dom0 only");
	able &= line(out, host.store, "xenstored", "start it: systemctl start xenstored");
	able &= line(out, host.privcmd, "/dev/xen/privcmd", "modprobe xen-privcmd");
	able &= line(out, host.gntdev, "/dev/xen/gntdev", "modprobe xen-gntdev");
	able &= line(out, host.evtchn, "/dev/xen/evtchn", "modprobe xen-evtchn");
	able &= line(out, host.pv || host.pvh, "guests of type PV or PVH", "this Xen was built without both");
	line(out, host.pvh, "hardware virtualisation (HVM, HAP) for PVH",
		"enable it in the firmware; until then zones are PV");

	line(out, host.netback || has_modules(network),
		"networks: xen-netback, sch_ingress, cls_bpf, act_mirred",
		"use a kernel that has these modules; until then containers have no network");

	line(out, host.blkback || has_modules(disks), "block devices: xen-blkback",
		"use a kernel that has this module; until then containers have no disks of the host's");

	if (settings_load(CONTAINER_SETTINGS, &settings, &err)) {
		able &= line(out, false, CONTAINER_SETTINGS, error_message(&err));
		error_clear(&err);
	}
	snprintf(text, sizeof(text), "free memory: %llu MiB, a zone takes %llu MiB",
		(unsigned long long)host.free_memory_kib / 1024, (unsigned long long)settings.memory_mib);
	able &= line(out, host.free_memory_kib / 1024 >= settings.memory_mib, text,
		"give dom0 less (dom0_mem= on Xen's command line, or xl mem-set 0)");

	kernel = kernel_path(NULL, &settings, &err);
	snprintf(text, sizeof(text), "kernel for zones%s%.90s", kernel ? ": " : "", kernel ? kernel : "");
	if (line(out, kernel != NULL, text, "make kernel && make install, or install linux-image-amd64")) {
		if (guest_image_load(NULL, NULL, &settings, &image, &err)) {
			able &= line(out, false, "kernel and initramfs", error_message(&err));
		} else {
			line(out, true, "initramfs", NULL);
			guest_image_free(&image);
		}
	} else {
		able = false;
	}
	error_clear(&err);
	settings_free(&settings);
	fprintf(out, "%s\n", able ? "This host can run zones." : "This host cannot run zones.");
	return able;
}
