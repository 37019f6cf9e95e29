/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the folder share have in common; nobody else includes it. */
#ifndef XENRUN_ROOTFS_FOLDER_INTERNAL_H
#define XENRUN_ROOTFS_FOLDER_INTERNAL_H

#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rootfs/changes.h"
#include "rootfs/fids.h"
#include "rootfs/folder.h"
#include "rootfs/p9.h"
#include "rootfs/qids.h"
#include "rootfs/share.h"

#define FOLDER_SCRATCH	 65536 /* also the largest value of an extended attribute, and list of them */
#define FOLDER_NAME_SIZE (P9_MAX_NAME + 1)

/* A file, folder, symlink… of the host. Fids that are clones of each other share one. */
struct node {
	struct folder *folder;
	int fd; /* O_PATH */
	uint32_t refs;
	uint32_t type; /* S_IFMT bits, which never change */
	bool is_top;   /* the share's root, or a mount's: what it is in is none of the guest's business */
	struct p9_qid qid;
	uint64_t device, inode;
	int watch; /* of folder->changes; 0: nothing was promised */
};

/* What is read from or will be written to an extended attribute; folder_xattr.c. */
struct xattr;

/* The locks that this session holds on one file; folder_lock.c. */
struct lock_file;

enum folder_fid_kind {
	FID_PATH,	 /* as walked to */
	FID_OPEN,	 /* by Tlopen or Tlcreate */
	FID_XATTR_READ,	 /* by Txattrwalk */
	FID_XATTR_WRITE, /* by Txattrcreate: set when it is clunked */
};

struct folder_fid {
	struct fid fid; /* first: fids.h */
	enum folder_fid_kind kind;
	uint32_t uid; /* the user of its attach, who owns what is made through it; P9_NO_UID: the server's */
	struct node *node;

	/* Where it was found, for Trename and Tremove, which name no folder; both NULL for the root. */
	struct node *parent;
	char *name;

	/* FID_OPEN */
	int fd;
	bool writable;
	bool listed;	     /* the descriptor of a folder stands at next_entry */
	uint64_t next_entry; /* behind what was told of a folder */
	struct lock_file *locks;

	/* FID_XATTR_* */
	struct xattr *xattr;
};

struct folder {
	struct share share; /* first */
	struct folder_limits limits;
	bool owns_proc;
	int proc;	/* O_PATH of /proc/self/fd */
	gid_t gid;	/* the process's */
	struct fids fids;
	struct qids qids;
	struct changes changes;
	struct node *root;
	uint32_t open_files, descriptors;
	size_t xattr_bytes;
	struct lock_file *lock_files;
	uint32_t locked_files, locks; /* locks: ranges, of all files */
	struct statx found;	      /* of what node_new() made last */
	uint8_t scratch[FOLDER_SCRATCH];
};

/* An operation makes its reply and returns 0, or returns -errno, which folder.c makes an Rlerror of. */
typedef int folder_operation(
	struct folder *folder, const struct p9_request *request, struct p9_writer *reply);

folder_operation folder_walk;				     /* folder_walk.c */
folder_operation folder_lopen, folder_lcreate;		     /* folder_open.c */
folder_operation folder_mkdir, folder_mknod, folder_symlink; /* folder_create.c */
folder_operation folder_link, folder_rename, folder_renameat, folder_unlinkat,
	folder_remove;								 /* folder_names.c */
folder_operation folder_getattr, folder_walkgetattr, folder_setattr, folder_statfs,
	folder_readlink;								 /* folder_attr.c */
folder_operation folder_readdir, folder_list;						 /* folder_dir.c */
folder_operation folder_read, folder_write, folder_fsync;			 /* folder_io.c */
folder_operation folder_xattrwalk, folder_xattrcreate;				 /* folder_xattr.c */
folder_operation folder_lock, folder_getlock;					 /* folder_lock.c */

/* folder_node.c */

/* The path of a descriptor, relative to folder->proc. */
struct proc_name {
	char text[12];
};
struct proc_name proc_name(int fd);

/* Whether so many descriptors more may be kept: 0 or -EMFILE. */
int folder_room(const struct folder *folder, uint32_t descriptors);
/* A node for an O_PATH descriptor, which becomes its own, in case of an error too. */
int node_new(struct folder *folder, int fd, struct node **out);
/* The child of a folder; symlinks are not followed. */
int node_child(struct folder *folder, const struct node *dir, const char *name, struct node **out);
struct node *node_get(struct node *node);
void node_put(struct node *node); /* NULL is let be */

int node_stat(const struct node *node, struct statx *st);
struct p9_qid node_qid_of(uint64_t path, const struct statx *st);

/* Opens what a descriptor stands for, by openat2(2) as all that is opened here. The descriptor or -errno. */
int open_again(const struct folder *folder, int fd, int flags);
/* Opens the node itself, whatever its name is by now. Returns the descriptor or -errno. */
int node_open(const struct folder *folder, const struct node *node, int flags);

/* A name, which has at most P9_MAX_NAME bytes, as a NUL-terminated string. */
void copy_name(char out[FOLDER_NAME_SIZE], struct p9_string name);

/* folder_fid.c */

/* NULL if there is none. */
struct folder_fid *folder_find(const struct folder *folder, uint32_t number);
/* The folder that a fid stands for, to make or find something in: -EBADF, -ENOTDIR. */
int folder_find_dir(const struct folder *folder, uint32_t number, struct folder_fid **out);
/* Allocates one that stands for the node, taking a reference; it is not in the table yet. */
struct folder_fid *fid_new(struct node *node, uint32_t uid);
/* Remembers where it was found; name, from malloc, becomes its own. NULL: it is not known. */
void fid_set_place(struct folder_fid *fid, struct node *parent, char *name);
/* Releases it, not in the table any more. What was to happen at its end may fail: 0 or -errno. */
int fid_release(struct folder *folder, struct folder_fid *fid);
/* Makes it an open one; the descriptor becomes its own. */
void fid_opened(struct folder *folder, struct folder_fid *fid, int fd, bool writable);

/* folder_create.c */

/* Gives a file just made to the user on whose behalf it was, with the group that the guest says unless
 * the folder's was inherited. `mode` is the one asked for. fd may be an O_PATH one. */
int folder_give(const struct folder *folder, int fd, uint32_t uid, uint32_t gid, const struct statx *st);

/* folder_open.c */

/* Opens what a node is for its bytes, or a folder for its entries, with a Tlopen's flags, or says why not.
 * Returns the descriptor or -errno. */
int open_bytes(const struct folder *folder, const struct node *node, uint32_t flags);
uint32_t folder_iounit(const struct folder *folder);
/* The open fid for a request that only reads, or locks: a file's or folder's that is not open yet is opened
 * for reading, which is an extension of xenrun's. 0, -EBADF, or why it cannot be opened. */
int folder_find_open(struct folder *folder, uint32_t number, struct folder_fid **out);
/* Before a write: takes set-user-id and set-group-id away unless root writes. The host, to which every write
 * is a privileged one, does not. */
int folder_strip(const struct folder *folder, const struct folder_fid *fid);

/* folder_xattr.c */

int xattr_read(const struct xattr *xattr, uint64_t offset, uint8_t *buffer, uint32_t count, uint32_t *got);
int xattr_write(struct xattr *xattr, uint64_t offset, const uint8_t *data, uint32_t count);
/* Sets or removes the attribute that was written. */
int xattr_commit(const struct node *node, const struct xattr *xattr);
void xattr_free(struct folder *folder, struct xattr *xattr);

/* folder_lock.c */

/* Lets go of the locks on the fid's file when no other fid has locked it. */
void lock_release(struct folder *folder, struct folder_fid *fid);

#endif
