/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, and what Linux keeps in them. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The names, in order. */
static void list(const char *path)
{
	char names[4096], *sorted[64];
	ssize_t length = listxattr(path, names, sizeof(names));
	size_t n = 0;

	if (length < 0) {
		did(-1, "list of %s", path);
		return;
	}
	for (ssize_t at = 0; at < length && n < 64; at += (ssize_t)strlen(names + at) + 1)
		sorted[n++] = names + at;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (strcmp(sorted[i], sorted[j]) > 0) {
				char *swap = sorted[i];

				sorted[i] = sorted[j];
				sorted[j] = swap;
			}
	say("%s has %zu", path, n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(sorted[i], "security.selinux"))
			say("  %s", sorted[i]);
}

void case_xattr_user(void)
{
	char value[64] = "";
	int fd;

	put("file", "");
	need(mkdir("folder", 0755), "mkdir");
	need(symlink("file", "link"), "symlink");
	need(mkfifo("fifo", 0644), "mkfifo");
	list("file");
	did(getxattr("file", "user.one", value, sizeof(value)), "one that is not there");
	did(setxattr("file", "user.one", "value", 5, XATTR_REPLACE), "replace of it");
	did(setxattr("file", "user.one", "value", 5, 0), "set");
	did(setxattr("file", "user.one", "value", 5, XATTR_CREATE), "create of what is there");
	got(getxattr("file", "user.one", value, sizeof(value)), "get");
	say("%s", value);
	did(setxattr("file", "user.one", "other", 5, XATTR_REPLACE), "replace");
	did(setxattr("file", "user.two", "", 0, 0), "set of nothing");
	got(getxattr("file", "user.two", value, sizeof(value)), "get");
	did(setxattr("file", "user.two", "", 0, XATTR_CREATE), "create of nothing, there already");
	did(setxattr("file", "user.three", "", 0, XATTR_CREATE), "create of nothing");
	fd = (int)need(open("file", O_RDWR), "open");
	got(fgetxattr(fd, "user.one", value, sizeof(value)), "by descriptor");
	did(fsetxattr(fd, "user.fd", "x", 1, 0), "set by descriptor");
	list("file");
	did(setxattr("file", "user.two", "", 0, XATTR_REPLACE), "replace by nothing");
	got(getxattr("file", "user.two", value, sizeof(value)), "get");
	did(removexattr("file", "user.one"), "remove");
	did(removexattr("file", "user.one"), "again");
	list("file");
	did(setxattr("folder", "user.x", "y", 1, 0), "of a folder");
	list("folder");
	did(lsetxattr("link", "user.x", "y", 1, 0), "of a symlink");
	did(setxattr("fifo", "user.x", "y", 1, 0), "of a fifo");
	need(unlink("file"), "unlink");
	did(fsetxattr(fd, "user.late", "x", 1, 0), "of an unlinked one");
	got(fgetxattr(fd, "user.late", value, sizeof(value)), "get");
	put("file", "");
	list("file");
}

void case_xattr_sizes(void)
{
	static char value[70000];
	char name[300];

	put("file", "");
	memset(value, 'v', sizeof(value));
	did(setxattr("file", "user.a", value, 1000, 0), "1000 bytes");
	got(getxattr("file", "user.a", NULL, 0), "its size");
	did(getxattr("file", "user.a", value, 999), "into 999");
	got(getxattr("file", "user.a", value, 1000), "into 1000");
	got(listxattr("file", NULL, 0), "the list's size");
	did(listxattr("file", value, 3), "list into 3");
	did(setxattr("file", "user.b", value, 65537, 0), "65537 bytes");
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[255] = '\0';
	did(setxattr("file", name, "x", 1, 0), "a name of 255");
	got(getxattr("file", name, value, 10), "get");
	name[255] = 'n';
	name[256] = '\0';
	did(setxattr("file", name, "x", 1, 0), "a name of 256");
	did(setxattr("file", "", "x", 1, 0), "no name");
	did(setxattr("file", "user.", "x", 1, 0), "a name of nothing");
	did(getxattr("nothing", "user.a", value, 10), "of nothing");
}

void case_xattr_kinds(void)
{
	put("file", "");
	did(setxattr("file", "nokind", "x", 1, 0), "no kind");
	did(setxattr("file", "other.x", "x", 1, 0), "another kind");
	did(setxattr("file", "system.x", "x", 1, 0), "system.x");
	did(setxattr("file", "trusted.x", "x", 1, 0), "trusted.x");
	list("file");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		char value[8];

		did(getxattr("file", "trusted.x", value, 8), "trusted.x by another");
		list("file");
		leave();
	}
	join(pid);
	did(removexattr("file", "trusted.x"), "remove");
}

void case_xattr_rights(void)
{
	pid_t pid;

	put("file", "");
	put("own", "");
	need(chown("own", 1000, 1000), "chown");
	put("writable", "");
	need(chmod("writable", 0666), "chmod");
	put("secret", "");
	need(chmod("secret", 0600), "chmod");
	pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		char value[8];

		did(setxattr("file", "user.x", "x", 1, 0), "set of another's");
		did(setxattr("own", "user.x", "x", 1, 0), "of one's own");
		did(setxattr("writable", "user.x", "x", 1, 0), "of what is writable");
		did(getxattr("secret", "user.x", value, 8), "get of a secret");
		did(getxattr("file", "user.x", value, 8), "get of what is readable");
		did(setxattr("own", "security.capability", "x", 1, 0), "a capability");
		did(setxattr("own", "trusted.x", "x", 1, 0), "a trusted one");
		leave();
	}
	join(pid);
}

/* VFS_CAP_REVISION_2 with CAP_NET_RAW, effective. */
static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};

void case_xattr_capability(void)
{
	unsigned char value[64];
	int fd;

	put("file", "x");
	did(setxattr("file", "security.capability", capability, sizeof(capability), 0), "set");
	got(getxattr("file", "security.capability", value, sizeof(value)), "get");
	say("%s", memcmp(value, capability, 20) ? "differs" : "the same");
	list("file");
	did(setxattr("file", "security.capability", "bad", 3, 0), "a bad one");
	fd = (int)need(open("file", O_WRONLY), "open");
	need(write(fd, "y", 1), "write");
	did(getxattr("file", "security.capability", value, sizeof(value)), "after a write");
	need(setxattr("file", "security.capability", capability, sizeof(capability), 0) && errno != EOPNOTSUPP
			? -1
			: 0,
		"set");
	need(chown("file", 1000, 1000), "chown");
	did(getxattr("file", "security.capability", value, sizeof(value)), "after chown");
	need(setxattr("file", "security.capability", capability, sizeof(capability), 0) && errno != EOPNOTSUPP
			? -1
			: 0,
		"set");
	need(truncate("file", 0), "truncate");
	did(getxattr("file", "security.capability", value, sizeof(value)), "after truncate");
	need(setxattr("file", "security.capability", capability, sizeof(capability), 0) && errno != EOPNOTSUPP
			? -1
			: 0,
		"set");
	need(chmod("file", 0755), "chmod");
	did(getxattr("file", "security.capability", value, sizeof(value)), "after chmod");
	did(removexattr("file", "security.capability"), "remove");
	did(getxattr("file", "security.capability", value, sizeof(value)), "then");
}

/* As <linux/posix_acl_xattr.h> has them. */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[6];
};

#define USER_OBJ  0x01
#define USER	  0x02
#define GROUP_OBJ 0x04
#define GROUP	  0x08
#define MASK	  0x10
#define OTHER	  0x20

static const struct acl for_1000 = {
	2, {{USER_OBJ, 6, UINT32_MAX}, {USER, 6, 1000}, {GROUP_OBJ, 4, UINT32_MAX}, {GROUP, 2, 2000},
		   {MASK, 6, UINT32_MAX}, {OTHER, 0, UINT32_MAX}}};

static void say_acl(const char *path, const char *name)
{
	struct acl acl;
	ssize_t length = getxattr(path, name, &acl, sizeof(acl));
	char text[128] = "";

	if (length < 0) {
		did(-1, "%s of %s", name + 17, path);
		return;
	}
	for (size_t i = 0; i < ((size_t)length - 4) / 8; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %x:%o:%d", acl.entries[i].tag,
			acl.entries[i].permissions, (int)acl.entries[i].id);
	say("%s of %s:%s", name + 17, path, text);
}

static void who_may(const char *path)
{
	static const uid_t users[] = {1000, 1001, 1002};

	for (int i = 0; i < 3; i++) {
		pid_t pid = child_as(users[i], 1003, users[i] == 1002 ? 2000 : 0);

		if (pid == 0) {
			did(open(path, O_RDONLY), "%d reads %s", (int)users[i], path);
			did(open(path, O_WRONLY), "%d writes", (int)users[i]);
			leave();
		}
		join(pid);
	}
}

void case_acl_access(void)
{
	struct stat st;

	put("file", "");
	need(chmod("file", 0640), "chmod");
	who_may("file");
	say_acl("file", "system.posix_acl_access");
	did(setxattr("file", "system.posix_acl_access", &for_1000, sizeof(for_1000), 0), "set");
	say_acl("file", "system.posix_acl_access");
	st = look("file");
	say_stat("file", &st);
	who_may("file");
	did(chmod("file", 0644), "chmod");
	say_acl("file", "system.posix_acl_access");
	who_may("file");
	list("file");
	did(setxattr("file", "system.posix_acl_default", &for_1000, sizeof(for_1000), 0),
		"a default one of a file");
	did(setxattr("file", "system.posix_acl_access", "bad", 3, 0), "a bad one");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(setxattr("file", "system.posix_acl_access", &for_1000, sizeof(for_1000), 0),
			"set by another");
		leave();
	}
	join(pid);
}

void case_acl_default(void)
{
	struct stat st;

	need(mkdir("d", 0755), "mkdir");
	did(setxattr("d", "system.posix_acl_default", &for_1000, sizeof(for_1000), 0), "set");
	say_acl("d", "system.posix_acl_default");
	say_acl("d", "system.posix_acl_access");
	umask(0077);
	put("d/file", "");
	st = look("d/file");
	say_stat("d/file", &st);
	say_acl("d/file", "system.posix_acl_access");
	need(mkdir("d/folder", 0777), "mkdir");
	st = look("d/folder");
	say_stat("d/folder", &st);
	say_acl("d/folder", "system.posix_acl_access");
	say_acl("d/folder", "system.posix_acl_default");
	need(mkfifo("d/fifo", 0666), "mkfifo");
	st = look("d/fifo");
	say_stat("d/fifo", &st);
	need(symlink("file", "d/link"), "symlink");
	st = look("d/link");
	say_stat("d/link", &st);
	who_may("d/file");
}

void case_acl_removal(void)
{
	struct stat st;

	put("file", "");
	need(setxattr("file", "system.posix_acl_access", &for_1000, sizeof(for_1000), 0), "set");
	did(removexattr("file", "system.posix_acl_access"), "remove");
	say_acl("file", "system.posix_acl_access");
	st = look("file");
	say_stat("file", &st);
	who_may("file");
	need(mkdir("d", 0755), "mkdir");
	need(setxattr("d", "system.posix_acl_default", &for_1000, sizeof(for_1000), 0), "set");
	did(removexattr("d", "system.posix_acl_default"), "remove");
	did(removexattr("d", "system.posix_acl_default"), "again");
	put("d/file", "");
	st = look("d/file");
	say_stat("d/file", &st);
}
