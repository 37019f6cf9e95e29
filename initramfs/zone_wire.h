/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dom0 and zone init say to each other: the files of the `control` share, and the layout of
 * what is read from and written to them. Both sides are x86-64: integers are little-endian, as the
 * structures lie in memory.
 *
 * The share's files:
 *   events    read:  one struct zone_event a read; the read waits until there is one.
 *   reports   write: one struct zone_report a write.
 *   N/spec    read:  the process spec of process N, a sequence of struct zone_op.
 *   N/in      read:  standard input of process N; a read waits for bytes; 0 bytes are its end.
 *   N/out     write: standard output; a write waits while nobody takes the bytes.
 *   N/err     write: standard error, the same.
 *   N/S       stream S from 3 on: read or written as its number says (zone_stream_in(), zone_stream_out()).
 * That a stream is written no more is said by opening its file and closing it again.
 * A process with a terminal has it at the other end of in and out, and nothing of it goes to err.
 * Zone init reads events and N/in at offset 0, each time. A kernel of 6.9 or later does not stop at a short
 * answer but asks for the rest: a read of them at a higher offset is answered at once, with 0 bytes. Their
 * size is 0 for getattr: with any other such a kernel would ask again and again. Process 0 is the container's
 * own (its `process`); the others are exec's, numbered by dom0.
 *
 * dom0 does not believe a word of it: a report is data of a hostile guest.
 */
#ifndef XENRUN_ZONE_WIRE_H
#define XENRUN_ZONE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* Tags of the 9pfs devices (xen/include/public/io/9pfs.h), which a mount names. */
#define ZONE_TAG_CONTROL "control"
#define ZONE_TAG_ROOTFS	 "rootfs"
#define ZONE_TAG_VOLUMES "volumes"

/* On the kernel's command line of every zone: zone init powers off when it is not there. */
#define ZONE_CMDLINE_MARK "xenrun.zone"

/* dom0 to zone init. */
enum zone_event_type {
	ZONE_EVENT_CREATE = 1, /* set process `process` up from its spec, up to the point of exec; reports
				  CREATED or FAILED */
	ZONE_EVENT_START = 2,  /* exec it; reports STARTED or FAILED */
	ZONE_EVENT_SIGNAL = 3, /* arg[0]: signal number; arg[1]: 1 for every process of the container */
	ZONE_EVENT_RESIZE = 4, /* arg[0]: rows, arg[1]: columns of its terminal */
	ZONE_EVENT_HANGUP = 5, /* nobody is at the other end of its terminal any more */
	ZONE_EVENT_JOIN = 6,   /* another container comes into the zone: arg[0]: its member number, from 1;
				  arg[1]: CLONE_NEW* of what it has in common with process 0. Its zone init
				  has shares of its own: their tags have ".NUMBER" behind them. So it has
				  network devices: they are counted from its number times ZONE_INTERFACES_MAX */
	ZONE_EVENT_LEAVE = 7,  /* arg[0]: the member whose processes are to end */
};

/* Descriptors of a process, besides the standard ones, that are carried to the host. */
#define ZONE_DESCRIPTORS_MAX 16
/* Streams: 0, 1 and 2 are the standard ones; each further descriptor has two, one a direction. */
#define ZONE_STREAMS_MAX (3 + 2 * ZONE_DESCRIPTORS_MAX)

/* The stream that descriptor 0, or one from 3 on, is read from. */
static inline uint32_t zone_stream_in(uint32_t descriptor)
{
	return descriptor ? 2 * descriptor - 3 : 0;
}

/* The stream that descriptor 1, 2, or one from 3 on, writes to. */
static inline uint32_t zone_stream_out(uint32_t descriptor)
{
	return descriptor < 3 ? descriptor : 2 * descriptor - 2;
}

static inline bool zone_stream_is_out(uint32_t stream)
{
	return stream < 3 ? stream : stream % 2 == 0;
}

struct zone_event {
	uint32_t type;
	uint32_t process;
	uint32_t arg[2];
};

/* Zone init to dom0. */
enum zone_report_type {
	ZONE_REPORT_BOOTED = 1,	 /* zone init runs and has its control share */
	ZONE_REPORT_CREATED = 2, /* the process waits for its start; arg[0]: its pid in the container */
	ZONE_REPORT_STARTED = 3, /* it was executed */
	ZONE_REPORT_FAILED = 4,	 /* it could not be created or started; arg[0]: index of the zone_op that
				    failed, ~0 where none is  to blame; arg[1]: errno. Its last word */
	ZONE_REPORT_EXITED = 5,	 /* it ended and its output is delivered; arg[0]: its wait status as of
				    waitpid(2). The last word of process 0. */
	ZONE_REPORT_OOM = 6,	 /* of process 0: the kernel, out of memory, has killed one of the container's
				    processes */
	ZONE_REPORT_CONNECT = 7, /* of process 0: somebody connects with the resolver, and waits for a
				    process of ZONE_OP_CONNECTION. Any number of them */
};

struct zone_report {
	uint32_t type;
	uint32_t process;
	uint32_t arg[2];
};

/*
 * A process spec is a sequence of operations, executed in their order by the process itself: policy
 * is compiled in dom0, zone init only makes the system calls. Each is a struct zone_op, `length` bytes of
 * payload, and zeroes up to the next multiple of 8. A payload is a (possibly empty) structure of
 * u32 fields given below, then its NUL-terminated strings in the order given. The index of an
 * operation, from 0, is how a failure is named to dom0, which knows the config property behind it.
 *
 * Paths of targets are within the container's root and are resolved so that no symlink leads out of it;
 * missing ones are made (folders, and for a bind of a file an empty file).
 */
enum zone_op_type {
	/* In the zone's own context, before the process is made. */
	ZONE_OP_CLONE = 1, /* u32 flags: CLONE_NEW* of the new process. First in the container's spec; absent
			      in an exec's, whose process joins process 0's namespaces and root */
	ZONE_OP_CGROUP =
		2, /* strings: file, value: written in the process's cgroup folder (made when first needed) */
	ZONE_OP_VOLUMES = 3, /* string: 9p options of the volumes share; without it the first bind mounts the
				share with "cache=mmap,access=client,posixacl,locktimeout=1,msize=262144" */
	ZONE_OP_UID_MAP = 4, /* triples of u32: first id inside, first id outside, how many. With
				CLONE_NEWUSER, of which it and GID_MAP are the maps; 0 must be mapped */
	ZONE_OP_GID_MAP = 5,
	ZONE_OP_TIME_OFFSET = 6, /* u32 clock (CLOCK_MONOTONIC, CLOCK_BOOTTIME), u32 nanoseconds, u64 seconds
				    (as int64). With CLONE_NEWTIME */
	ZONE_OP_CGROUP_TRY = 7,	 /* as CGROUP, but a file that this kernel does not have is passed over */
	ZONE_OP_DEVICES = 8, /* struct bpf_insn…: a BPF_PROG_TYPE_CGROUP_DEVICE program, loaded before the
				process is made and attached to its cgroup before it is reported CREATED */
	ZONE_OP_DISK = 9,    /* u32 mode with type, u32 major, u32 minor, u32 uid, u32 gid, these as the zone
				has them: waits for that block device; then the zone's own node of it, that
				MKNOD falls back to, is so */
	ZONE_OP_CGROUP_OWNER = 24, /* u32 uid, as the zone has it, u32 0: owns the cgroup's folder and, of its
				      files, those that the kernel says may be delegated */

	/* First in the zone's own context, then in the new process as well. */
	ZONE_OP_SHM = 25, /* strings: a name without a slash, a tmpfs's options. Over /dev/shm comes the
			     tmpfs of that name that the zone's first container has there, which it makes;
			     where there is none, one of the container's own */

	/* In the new process, before its root is changed (process 0 only). */
	ZONE_OP_ROOT = 10, /* u32 flags (MS_*); string: 9p options (cache=, access=, msize=, posixacl; zone
			      init puts "trans=xen,version=9p2000.L," before them): mounts the rootfs share as
			      the root to be */
	ZONE_OP_PROPAGATION =
		11, /* u32 flags: MS_PRIVATE and others, of the root; before PIVOT it is put off until then */
	ZONE_OP_MOUNT = 12, /* u32 set flags (MS_*), u32 propagation flags (MS_PRIVATE|MS_REC…, 0 for none);
			       strings: type, source, target, data. Sources of binds are
			       paths in the volumes share ("0/NAME"), or devices of the zone ("/dev/null").
			       With MS_BIND, other flags are applied by a remount */
	ZONE_OP_MKNOD = 13, /* u32 mode with type, u32 major, u32 minor, u32 uid, u32 gid; string: path */
	ZONE_OP_SYMLINK = 14,	    /* strings: target text, path of the link; an existing one is left */
	ZONE_OP_PIVOT = 15,	    /* none: the root becomes / */
	ZONE_OP_HOSTNAME = 16,	    /* string */
	ZONE_OP_DOMAINNAME = 17,    /* string */
	ZONE_OP_SYSCTL = 18,	    /* strings: path below /proc/sys ("net/ipv4/ip_forward"), value */
	ZONE_OP_READONLY_PATH = 19, /* string: path; one that does not exist is passed over */
	ZONE_OP_MASK_PATH = 20,	    /* string: path; one that does not exist is passed over */
	ZONE_OP_READONLY_ROOT = 21, /* none: remounts / read-only */
	ZONE_OP_MOUNT_ATTR = 22, /* u64 set, u64 clear (MOUNT_ATTR_*), u32 propagation (MS_PRIVATE…, 0 for
				    none), u32 1 for all mounts below as well; string: path of a mount */
	ZONE_OP_MOUNT_COPY = 23, /* as MOUNT, a tmpfs: it begins with a copy of what it is mounted over */

	/* The container's network, set up in the zone's own context before the process is made; in a spec
	 * that ends with NETWORK, too. Each may find its work done. An interface is called by the number of
	 * its device; addresses are in network order, those of IPv4 first in their 16 bytes and zeroes
	 * behind. */
	ZONE_OP_INTERFACE = 30, /* u32 device, u32 MTU, u32 flags (enum zone_interface_flag), u32 0; string:
				   name. Waits for the device */
	ZONE_OP_ADDRESS = 31, /* u32 device, u32 family (AF_*), u32 prefix length, u32 scope (RT_SCOPE_*), u32
				 flags (IFA_F_*), u32 seconds preferred, u32 seconds valid (~0: for ever), 4
				 bytes broadcast (0: none), 16 bytes local, 16 bytes peer (or local) */
	ZONE_OP_ROUTE = 32,   /* u32 device (~0: none), u32 family, u32 prefix length, u32 type (RTN_*), u32
				 scope, u32 protocol (RTPROT_*), u32 metric, u32 flags (RTNH_F_*), u32 MTU (0:
				 the interface's), u32 family of the gateway (0: none), 16 bytes destination, 16
				 bytes gateway, 16 bytes source (0: none) */

	ZONE_OP_RESOLVER = 33, /* 4 bytes address, network order; only in a spec that ends with NETWORK, which
				  then has no end: the container's queries to that address of its loopback,
				  port 53, go to dom0. Over UDP, one a write of the process's out; the
				  answers come by its in, one a read. IDs of queries that wait are all
				  different; an answer has its query's. Over TCP by CONNECTION */

	/* In the new process, its own attributes, in any spec. */
	ZONE_OP_OOM_SCORE_ADJ = 40, /* u32 (as int32) */
	ZONE_OP_RLIMIT = 41,	    /* u32 resource (RLIMIT_*), u32 0, u64 soft, u64 hard */
	ZONE_OP_GROUPS = 42,	    /* u32 gids… (any number, none clears them) */
	ZONE_OP_USER = 43, /* u32 uid, u32 gid, u32 umask (~0: leave); capabilities are kept over it, see
			      CAPABILITIES */
	ZONE_OP_CAPABILITIES = 44,	/* u64 bounding, effective, permitted, inheritable, ambient masks. The
					   bounding set is dropped before      USER is applied; therefore it comes
					   before it: zone init applies the rest after */
	ZONE_OP_NO_NEW_PRIVILEGES = 45, /* none */
	ZONE_OP_SECCOMP = 46, /* u32 flags (SECCOMP_FILTER_FLAG_*), u32 0, then struct sock_filter… : loaded
				 as late as it can be */
	ZONE_OP_PERSONALITY = 47, /* u32 */
	ZONE_OP_CWD = 48,	  /* string; u32 0 first: 1 to make a missing one */
	ZONE_OP_ENV = 49,	  /* string NAME=VALUE, in order */
	ZONE_OP_ARG = 50,	  /* string, in order */
	ZONE_OP_READY = 51, /* none: args[0] is looked up in PATH (ENOENT, EACCES); then CREATED is reported
			       and START awaited */
	ZONE_OP_EXEC = 52,  /* none: the last one */
	ZONE_OP_TERMINAL = 53,	  /* u32 rows, u32 columns, u32 uid of its owner: opens a new terminal of the
				     container's own devpts as the process's controlling one and its three
				     streams; process 0 has it as /dev/console, too. After PIVOT */
	ZONE_OP_HOOK = 54,	  /* between READY and EXEC. u32 timeout in seconds (0: none), u32 number of
				     arguments, u32 number of variables, u32 flags (enum zone_hook_flag); strings:
				     path, standard input, the arguments (with the name), the variables. Run to its
				     end, as the process: ETIMEDOUT, ECANCELED where its wait status is not 0 */
	ZONE_OP_SCHEDULER = 55,	  /* u32 policy, u32 nice (as int32), u32 priority, u32 0, u64 flags, u64
				     runtime, u64 deadline, u64 period: of sched_setattr(2) */
	ZONE_OP_IO_PRIORITY = 56, /* u32 of ioprio_set(2): class << 13 | priority */
	ZONE_OP_AFFINITY = 57,	  /* u64…: bit n of word n / 64 is CPU n of the guest */
	ZONE_OP_DESCRIPTOR = 58,  /* u32 descriptor from 3 on, in their order and without a gap; u32 flags
				     (enum  zone_descriptor_flag): the process has it open, a pipe, or a socket
				     where it  goes both ways */

	/* A spec of this one operation makes no process: what is asked for comes as its standard output. */
	ZONE_OP_PROCESSES = 60,	 /* none: a line for each process of the container, struct of which is
				    "PID PPID UID TTY START CPU NAME": as the container numbers them; TTY
				    major:minor,  START in seconds since the epoch, CPU in milliseconds, NAME
				    the rest of  the line, control characters as '?' */
	ZONE_OP_STATISTICS = 61, /* none: the files of the container's cgroup that tell what it uses, each
				    after a line "[NAME]" */

	/* The last of a spec of INTERFACE, ADDRESS, ROUTE and RESOLVER alone, which makes no process: the
	 * container's network has changed since it was created. */
	ZONE_OP_NETWORK = 62, /* none */
	/* The last of a spec of CGROUP and CGROUP_TRY alone, which makes no process: the container's limits
	 * have changed. When one cannot be written, those before it are as they were. */
	ZONE_OP_LIMITS = 63, /* none */
	/* A spec of this one operation makes no process: the one that has waited longest of those who connect
	 * with the resolver has dom0's connection at the other end of in and out. */
	ZONE_OP_CONNECTION = 64, /* none */
};

/* Connections with the resolver at a time. */
#define ZONE_CONNECTIONS_MAX 8

enum zone_interface_flag {
	ZONE_INTERFACE_UP = 1,
};

/* In the place of a device's number. */
#define ZONE_DEVICE_NONE     UINT32_MAX
#define ZONE_DEVICE_LOOPBACK (UINT32_MAX - 1)

/* Interfaces of a zone, not counting the loopback. */
#define ZONE_INTERFACES_MAX 16

enum zone_hook_flag {
	ZONE_HOOK_OWN_ENV = 1, /* the variables are its environment; else it has the process's */
};

enum zone_descriptor_flag {
	ZONE_DESCRIPTOR_IN = 1,	 /* the process reads it */
	ZONE_DESCRIPTOR_OUT = 2, /* and writes it */
};

struct zone_op {
	uint32_t type;
	uint32_t length; /* bytes of the payload, without the padding */
};

#endif
