/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones: Xen guests built with libxenguest, their XenStore nodes, their console, and the 9pfs devices
 * that dom0 serves to them. Nothing here knows of containers.
 *
 * Functions that can fail return -1 (or NULL) with *err set.
 */
#ifndef XENRUN_XEN_H
#define XENRUN_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/share.h"
#include "util/error.h"

enum zone_type { ZONE_PV = 1, ZONE_PVH = 2 };

#define ZONE_UUID_LENGTH    16
#define ZONE_RINGS	    2	  /* of a 9pfs device, at most: Linux's driver wants no fewer offered */
#define ZONE_SHARES_MAX	    3	  /* 9pfs devices of a zone */
#define ZONE_MEMORY_MIN_KIB 16384 /* below it no kernel gets anywhere */

/* The order of a ring: pages of its data are 1 << order, one half a direction. The guest provides
 * them: at 8, 1 MiB a ring, of which the zone kernel's driver has one a share, Linux's own two. One order for
 * all shares, because the smallest one limits msize for all. */
#define ZONE_RING_ORDER 8

/* A network interface of the zone: dom0's kernel is its back end (xen/include/public/io/netif.h). */
struct zone_vif {
	uint8_t mac[6]; /* of the guest's end */
	uint32_t mtu;
};
#define ZONE_VIFS_MAX 16

/* A block device of the zone, which is one of dom0's: that one's kernel is the back end
 * (xen/include/public/io/blkif.h). Its number, from 1, is that of no other in the zone's life. */
struct zone_vbd {
	uint32_t number;
	uint32_t major, minor; /* in dom0 */
	bool read_only;
};
#define ZONE_VBDS_MAX 64 /* of a container */

/* Linux has the device under this major number, and a minor that follows from its number: of a partition, for
 * a whole disk would take 256 of them, of which there are 2^20. */
#define ZONE_VBD_MAJOR 202
static inline uint32_t zone_vbd_minor(uint32_t number)
{
	/* Those of the first four disks are an emulated controller's for some kernels. */
	return ((number - 1) / 255 + 4) << 8 | ((number - 1) % 255 + 1);
}

/* CPUs of the host that a zone's affinity can name. */
#define ZONE_CPUS_MAX 4096

/* What a zone has of the host's processors. All zeroes is what Xen gives to whom asks for nothing. */
struct zone_processors {
	uint16_t weight; /* of the credit2 scheduler; 0: the default, ZONE_WEIGHT */
	uint16_t cap;	 /* the most of all its vCPUs together, in hundredths of a CPU; 0: none */
	/* Its vCPUs run on CPU n if bit n % 8 of n / 8 is set; none: on any. */
	uint8_t cpus[ZONE_CPUS_MAX / 8];
};
#define ZONE_WEIGHT 256

/* What the zone is to be. Everything is borrowed for the time of the call. */
struct zone_config {
	const char *name; /* in XenStore, as xl list shows it */
	uint8_t uuid[ZONE_UUID_LENGTH];
	enum zone_type type;
	const void *kernel; /* ELF vmlinux or bzImage, whole */
	size_t kernel_size;
	const void *initramfs; /* NULL for none */
	size_t initramfs_size;
	const char *cmdline;
	uint64_t memory_kib;
	uint32_t vcpus;
	struct zone_processors processors;
	/* Of its 9pfs devices, NULL-terminated: a device's number is its place. */
	const char *tags[ZONE_SHARES_MAX + 1];
	const struct zone_vif *vifs; /* the same of these */
	uint32_t vifs_len;
	const struct zone_vbd *vbds; /* numbered from 1 */
	uint32_t vbds_len;
};

/* One zone and the connections (hypervisor, XenStore) that its owner holds. */
struct zone;

/* Builds a paused guest with its nodes: a kernel that looks for them before it is introduced to XenStore may
 * wait for ever. What it made before it failed is gone when it returns NULL. */
struct zone *zone_build(const struct zone_config *config, struct error *err);

/* What one more container brings into a zone. Borrowed. */
struct zone_member {
	uint32_t number; /* that was taken for it */
	/* As those of struct zone_config; to each tag ".MEMBER" is added. */
	const char *tags[ZONE_SHARES_MAX + 1];
	const struct zone_vif *vifs;
	uint32_t vifs_len;
	const struct zone_vbd *vbds; /* with the numbers that were taken for them */
	uint32_t vbds_len;
};

/* Takes a number for a member of a zone that runs, which no other has had. */
int zone_take_member(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t *number, struct error *err);

/* Gives a zone that runs, somebody else's, these devices; in the guest the interfaces are counted from
 * number * ZONE_VIFS_MAX. The handle knows of these devices alone, by their places, and has no console. */
struct zone *zone_join(
	const uint8_t uuid[ZONE_UUID_LENGTH], const struct zone_member *member, struct error *err);

/* Takes numbers for that many block devices of a zone that runs: *first and those behind it. */
int zone_take_vbds(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t count, uint32_t *first, struct error *err);

/* Unplugs the interfaces and block devices and frees that handle. `unmounted`: the guest holds nothing of the
 * 9pfs devices, so they can go; else they stay, with nobody behind them, as long as the zone: its driver does
 * not bear that. */
void zone_leave(struct zone *zone, bool unmounted);

int zone_unpause(struct zone *zone, struct error *err);
int zone_pause(struct zone *zone, struct error *err);

/* Both of a zone that runs; one that fails has changed nothing. A zone comes to have the memory that it is
 * told of as its kernel takes it or gives it back. */
int zone_set_memory(struct zone *zone, uint64_t memory_kib, struct error *err);
uint64_t zone_memory(const struct zone *zone); /* KiB that it was told of */
int zone_set_processors(struct zone *zone, const struct zone_processors *processors, struct error *err);

/* What Xen has counted of the domain, and what it was given: "CPU_NS MEMORY_KIB VCPUS_ONLINE TARGET_KIB
 * VCPUS", of the memory what is there besides `others_kib`. The caller frees it. */
char *zone_statistics(struct zone *zone, uint64_t others_kib, struct error *err);
uint32_t zone_domid(const struct zone *zone);

/* Destroys the domain, if it is still there, and removes its nodes, then frees the handle. The mapper of its
 * rings must have let go of them, else it stays as a zombie until it does. */
void zone_destroy(struct zone *zone);

/* How a zone stands. */
enum zone_condition {
	ZONE_RUNS,
	ZONE_POWEROFF, /* it shut itself down */
	ZONE_REBOOT,
	ZONE_CRASHED,
	ZONE_GONE, /* no domain has its UUID any more */
};
enum zone_condition zone_condition(struct zone *zone);

/* Destroys the domain with this UUID and removes the nodes of it, whoever built it; for the owner's heirs.
 * Nothing to do is success. */
int zone_reclaim(const uint8_t uuid[ZONE_UUID_LENGTH], struct error *err);

/* Unplugs the interfaces and block devices of a member of the zone with this UUID; for who called zone_join()
 * and cannot any more. Best effort: the zone may be gone. */
void zone_reclaim_member(const uint8_t uuid[ZONE_UUID_LENGTH], uint32_t number);

/*
 * What a 9pfs frontend offers, as the guest wrote it in XenStore: for the process that serves it.
 * All of it is the guest's word.
 */
struct zone_device {
	uint32_t number; /* of the device */
	uint32_t domid;
	uint32_t rings; /* 1 to ZONE_RINGS */
	uint32_t ring_ref[ZONE_RINGS];
	uint32_t event_channel[ZONE_RINGS];
};

/* Descriptors for poll(2), and what to call when they are readable. */
int zone_store_fd(const struct zone *zone);
int zone_console_fd(const struct zone *zone);

/* Reads XenStore's events. Calls `offered` for each device whose frontend has come up since the last call.
 * Returns 0, or -1 when XenStore is gone. Whether the zone still runs is then to be asked with
 * zone_condition(). */
int zone_store_event(struct zone *zone, void (*offered)(void *arg, const struct zone_device *device),
	void *arg, struct error *err);

/* Says that device `number` is served now: its backend goes to Connected. */
int zone_device_connected(struct zone *zone, uint32_t number, struct error *err);

/* Gives a zone that runs one more interface. Its number is that of the handle's before it. */
int zone_add_vif(struct zone *zone, const struct zone_vif *vif, struct error *err);

/* How the back end of an interface stands; zone_store_event() is due whenever that changes. */
enum zone_vif_state {
	ZONE_VIF_ABSENT,    /* not there yet */
	ZONE_VIF_WAITS,	    /* its interface in dom0 is, or is about to be: zone_vif_ready() is waited for */
	ZONE_VIF_CONNECTED, /* packets flow */
	ZONE_VIF_LOST,
};
enum zone_vif_state zone_vif_state(struct zone *zone, uint32_t number);

#define ZONE_VIF_NAME_MAX 16
/* What dom0's kernel calls it. */
void zone_vif_name(const struct zone *zone, uint32_t number, char name[ZONE_VIF_NAME_MAX]);

/* Says that dom0's end is set up. */
int zone_vif_ready(struct zone *zone, uint32_t number, struct error *err);

/* To be called after zone_store_event(). Fails when dom0's kernel does not serve a block device: *number is
 * the device's. What the guest does with one that was connected is its own affair. */
int zone_vbds_check(struct zone *zone, uint32_t *number, struct error *err);

/* Takes the bytes that the guest wrote to its console and keeps the last of them. */
void zone_console_event(struct zone *zone);

/* The line that tells best why a guest ended: its kernel's panic, else its last line that is not empty.
 * Printable ASCII; owned by the caller; NULL if it said nothing. */
char *zone_console_reason(struct zone *zone);

/*
 * The other side: serving devices, in a process of its own.
 */
struct server;

/* Opens /dev/xen/gntdev and /dev/xen/evtchn; after it no file is opened any more. */
struct server *server_new(struct error *err);

/* Maps the device's rings, to serve the share over them. Of what the guest wrote there only the rings' sizes
 * and pages are looked at. Ownership of the share passes. */
int server_attach(
	struct server *server, const struct zone_device *device, struct share *share, struct error *err);

/* No more devices: closes /dev/xen/gntdev, and has /dev/xen/evtchn know no other domain than this. */
int server_restrict(struct server *server, uint32_t domid, struct error *err);

/* A descriptor for poll(2), and what to call when it is readable: notes which ring the guest has spoken of.
 */
int server_fd(const struct server *server);
int server_event(struct server *server, struct error *err);

/* To be called before events are waited for. False: a ring is to be looked at, so nothing is to be waited
 * for. */
bool server_listen(struct server *server);

/* Looks at those rings, at each for a bounded time: a guest that goes on asking keeps nobody from his turn.
 * Returns 0, or -1 when a guest broke the protocol (what it did is in *err): the zone is to end. */
int server_serve(struct server *server, struct error *err);

/* To be called when one of the shares can be told of changes: counts them, and wakes the guest. */
void server_changed(struct server *server);

/* Whether the guest holds nothing of what is served: server_serve() has answered its last request. */
bool server_idle(const struct server *server);

/* Unmaps all. */
void server_free(struct server *server);

/* What `xenrun check` asks about the host. */
struct host_facts {
	bool hypervisor;	      /* runs on Xen */
	bool control;		      /* privcmd works: this is the control domain */
	bool store;		      /* xenstored answers */
	bool privcmd, gntdev, evtchn; /* devices in /dev/xen can be opened */
	bool pv, pvh;		      /* what guests the hypervisor can run */
	unsigned int version_major, version_minor;
	char version_extra[16];
	bool netback; /* dom0's kernel serves interfaces */
	bool blkback; /* and block devices */
	uint64_t free_memory_kib;
	uint32_t cpus;
	uint32_t cpu_numbers; /* one more than the highest number of a CPU */
};
void host_facts(struct host_facts *facts);

#endif
