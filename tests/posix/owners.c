/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, modes, and who may do what. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void say_mode(const char *what, const char *path)
{
	struct stat st = look(path);

	say("%s: %04o", what, st.st_mode & 07777);
}

/* A file of user 1000 with that mode. */
static void own(const char *path, mode_t mode)
{
	put(path, "text");
	need(chown(path, 1000, 1000), "chown");
	need(chmod(path, mode), "chmod");
}

static const mode_t special[] = {04755, 02755, 06755, 02644, 06644, 04644, 01644};

void case_strip_write(void)
{
	for (int root = 0; root < 2; root++)
		for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
			pid_t pid;

			own("file", special[i]);
			pid = root ? child() : child_as(1000, 1000, 0);
			if (pid == 0) {
				int fd = (int)need(open("file", O_WRONLY), "open");

				need(write(fd, "", 0), "write");
				say_mode("nothing written", "file");
				need(write(fd, "x", 1), "write");
				leave();
			}
			join(pid);
			say_mode(root ? "root wrote" : "the owner wrote", "file");
			need(unlink("file"), "unlink");
		}
	own("file", 06777);
	pid_t pid = child_as(1001, 1001, 0);
	if (pid == 0) {
		int fd = (int)need(open("file", O_RDWR), "open");
		char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (map == MAP_FAILED)
			did(-1, "mmap");
		else
			map[0] = 'x';
		leave();
	}
	join(pid);
	say_mode("another wrote to a map", "file");
}

void case_strip_truncate(void)
{
	static const char *const how[] = {"truncate", "ftruncate", "O_TRUNC", "truncate to the same"};

	for (int way = 0; way < 4; way++)
		for (int root = 0; root < 2; root++) {
			pid_t pid;

			own("file", 06755);
			pid = root ? child() : child_as(1000, 1000, 0);
			if (pid == 0) {
				if (way == 0)
					need(truncate("file", 2), "truncate");
				else if (way == 1)
					need(ftruncate(open("file", O_WRONLY), 2), "ftruncate");
				else if (way == 2)
					need(open("file", O_WRONLY | O_TRUNC), "open");
				else
					need(truncate("file", 4), "truncate");
				leave();
			}
			join(pid);
			say("%s, %s", how[way], root ? "root" : "the owner");
			say_mode("then", "file");
			need(unlink("file"), "unlink");
		}
}

void case_strip_chown(void)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		own("file", special[i]);
		need(chown("file", 5, 6), "chown");
		say_mode("by root", "file");
		need(unlink("file"), "unlink");
		own("file", special[i]);
		need(chown("file", (uid_t)-1, (gid_t)-1), "chown");
		say_mode("to nobody else", "file");
		need(unlink("file"), "unlink");
	}
	own("file", 06755);
	pid_t pid = child_as(1000, 1000, 2000);
	if (pid == 0) {
		did(chown("file", (uid_t)-1, 2000), "to a group of the owner");
		leave();
	}
	join(pid);
	say_mode("by the owner", "file");
	need(mkdir("folder", 0755), "mkdir");
	need(chmod("folder", 07755), "chmod");
	need(chown("folder", 5, 6), "chown");
	say_mode("a folder", "folder");
}

void case_strip_chmod(void)
{
	own("file", 0644);
	pid_t pid = child_as(1000, 1001, 0);

	if (pid == 0) {
		did(chmod("file", 02755), "set-group-id without being in the group");
		say_mode("file", "file");
		did(chmod("file", 04755), "set-user-id");
		say_mode("file", "file");
		did(chmod("file", 01755), "sticky");
		say_mode("file", "file");
		leave();
	}
	join(pid);
	own("other", 0644);
	pid = child_as(1001, 1000, 0);
	if (pid == 0) {
		did(chmod("other", 0777), "of another's");
		leave();
	}
	join(pid);
	did(chmod("file", 06777), "by root");
	say_mode("file", "file");
}

void case_set_group_folder(void)
{
	struct stat st;
	pid_t pid;

	need(mkdir("d", 0777), "mkdir");
	need(chown("d", 0, 2000), "chown");
	need(chmod("d", 02777), "chmod");
	need(chmod(".", 0777), "chmod");
	pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		put("d/file", "");
		st = look("d/file");
		say_stat("file", &st);
		need(mkdir("d/folder", 0755), "mkdir");
		st = look("d/folder");
		say_stat("folder", &st);
		need(symlink("x", "d/link"), "symlink");
		st = look("d/link");
		say_stat("link", &st);
		need(mkfifo("d/fifo", 0644), "mkfifo");
		st = look("d/fifo");
		say_stat("fifo", &st);
		close((int)need(open("d/exec", O_CREAT | O_WRONLY, 02775), "open"));
		st = look("d/exec");
		say_stat("02775 asked for", &st);
		put("own", "");
		leave();
	}
	join(pid);
	need(mkdir("d/by-root", 0755), "mkdir");
	st = look("d/by-root");
	say_stat("by root", &st);
	need(mkdir("plain", 02755), "mkdir");
	st = look("plain");
	say_stat("02755 asked for", &st);
}

void case_owner_of_new(void)
{
	struct stat st;
	pid_t pid;

	need(chmod(".", 0777), "chmod");
	pid = child_as(1234, 5678, 99);
	if (pid == 0) {
		put("file", "");
		st = look("file");
		say_stat("file", &st);
		need(mkdir("folder", 0755), "mkdir");
		st = look("folder");
		say_stat("folder", &st);
		need(symlink("x", "link"), "symlink");
		st = look("link");
		say_stat("link", &st);
		need(mkfifo("fifo", 0600), "mkfifo");
		st = look("fifo");
		say_stat("fifo", &st);
		did(open("special", O_CREAT | O_WRONLY, 06755), "create with 06755");
		st = look("special");
		say_stat("special", &st);
		leave();
	}
	join(pid);
	put("large", "");
	did(chown("large", 4000000000u, 4000000001u), "large numbers");
	st = look("large");
	say_stat("large", &st);
	put("minus", "");
	did(chown("minus", 4294967294u, 65534), "4294967294");
	st = look("minus");
	say_stat("minus", &st);
}

void case_chown_rights(void)
{
	pid_t pid;

	own("own", 0644);
	put("roots", "");
	pid = child_as(1000, 1000, 2000);
	if (pid == 0) {
		did(chown("own", 1001, (gid_t)-1), "give away");
		did(chown("own", 1000, (gid_t)-1), "to oneself");
		did(chown("own", (uid_t)-1, 2000), "to a group of one's own");
		did(chown("own", (uid_t)-1, 3000), "to another group");
		did(chown("roots", 1000, 1000), "take another's");
		did(chown("roots", (uid_t)-1, (gid_t)-1), "nothing of another's");
		leave();
	}
	join(pid);
}

static void try(const char *path, const char *who)
{
	did(open(path, O_RDONLY), "%s reads %s", who, path);
	did(open(path, O_WRONLY), "%s writes %s", who, path);
}

void case_permissions(void)
{
	static const mode_t modes[] = {0400, 0200, 0040, 0020, 0004, 0002, 0077, 0707, 0};
	char name[16];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "%04o", modes[i]);
		own(name, modes[i]);
	}
	for (int who = 0; who < 4; who++) {
		static const char *const names[] = {"the owner", "a member", "a further member", "another"};
		pid_t pid = who == 0   ? child_as(1000, 2000, 0)
			    : who == 1 ? child_as(1001, 1000, 0)
			    : who == 2 ? child_as(1001, 2000, 1000)
				       : child_as(1001, 2000, 0);

		if (pid == 0) {
			for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
				snprintf(name, sizeof(name), "%04o", modes[i]);
				try(name, names[who]);
			}
			leave();
		}
		join(pid);
	}
	try("0000", "root");
}

void case_permissions_folder(void)
{
	static const mode_t modes[] = {0700, 0711, 0744, 0733, 0755, 0777};
	char name[16], path[64];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "%04o", modes[i]);
		need(mkdir(name, 0755), name);
		snprintf(path, sizeof(path), "%s/file", name);
		put(path, "");
		need(chmod(path, 0666), "chmod");
		need(chmod(name, modes[i]), "chmod");
	}
	pid_t pid = child_as(1000, 1000, 0);
	for (size_t i = 0; pid == 0 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "%04o", modes[i]);
		did(open(name, O_RDONLY), "%s: list", name);
		snprintf(path, sizeof(path), "%s/file", name);
		did(open(path, O_RDWR), "%s: open", name);
		did(access(path, F_OK), "%s: access", name);
		did(chdir(name), "%s: chdir", name);
		if (access("../0755", F_OK) == 0)
			need(chdir(".."), "chdir");
		snprintf(path, sizeof(path), "%s/new", name);
		did(open(path, O_CREAT | O_WRONLY, 0644), "%s: create", name);
		did(mkdir(path, 0755), "%s: mkdir", name);
		snprintf(path, sizeof(path), "%s/file", name);
		did(unlink(path), "%s: unlink", name);
	}
	if (pid == 0)
		leave();
	join(pid);
}

void case_permissions_execute(void)
{
	static const mode_t modes[] = {0755, 0644, 0100, 0010, 0001, 0111};
	char name[16];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "%04o", modes[i]);
		put(name, "#!/nowhere\n");
		need(chmod(name, modes[i]), "chmod");
		for (int root = 0; root < 2; root++) {
			pid_t pid = root ? child() : child_as(1000, 1000, 0);

			if (pid == 0) {
				/* There is no interpreter: ENOENT is who may. */
				did(execl(name, name, NULL), "%s runs %s", root ? "root" : "another", name);
				did(access(name, X_OK), "access");
				leave();
			}
			join(pid);
		}
	}
}

void case_sticky(void)
{
	pid_t pid;

	need(mkdir("sticky", 0755), "mkdir");
	need(chmod("sticky", 01777), "chmod");
	own("sticky/own", 0666);
	put("sticky/roots", "");
	need(chmod("sticky/roots", 0666), "chmod");
	need(mkdir("free", 0755), "mkdir");
	need(chmod("free", 0777), "chmod");
	put("free/roots", "");
	pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(unlink("sticky/roots"), "unlink another's");
		did(rename("sticky/roots", "sticky/mine"), "rename another's");
		did(rename("sticky/own", "sticky/roots"), "rename over another's");
		did(rename("sticky/own", "sticky/new"), "rename one's own");
		did(unlink("sticky/new"), "unlink one's own");
		did(open("sticky/roots", O_RDWR), "open another's");
		did(unlink("free/roots"), "unlink another's where it is not sticky");
		leave();
	}
	join(pid);
}

/* 0 to 999 inside are 5000 to 5999 outside. */
void case_user_namespace(void)
{
	struct turns turns;
	struct stat st;
	char path[64];
	pid_t pid;
	int fd;

	need(chmod(".", 0777), "chmod");
	put("roots", "");
	put("mapped", "");
	need(chown("mapped", 5000, 5007), "chown");
	turns_init(&turns);
	pid = child();
	if (pid == 0) {
		did(unshare(CLONE_NEWUSER), "unshare");
		turn_parent(&turns);
		await_parent(&turns);
		need(setresgid(0, 0, 0), "setresgid");
		need(setresuid(0, 0, 0), "setresuid");
		st = look("roots");
		say_stat("inside: root's", &st);
		st = look("mapped");
		say_stat("inside: mapped", &st);
		did(open("roots", O_WRONLY), "write to root's");
		did(open("mapped", O_WRONLY), "write to one's own");
		did(chown("mapped", 3, 4), "chown to what is mapped");
		did(chown("mapped", 1000, 4), "to what is not");
		did(chown("roots", 0, 0), "chown of root's");
		did(chmod("roots", 0777), "chmod of root's");
		put("new", "");
		st = look("new");
		say_stat("inside: new", &st);
		did(mknod("device", S_IFCHR | 0600, 0x103), "a device");
		did(mkfifo("fifo", 0600), "a fifo");
		leave();
	}
	await_child(&turns);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	fd = (int)need(open(path, O_WRONLY), path);
	need(write(fd, "0 5000 1000", 11), path);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	fd = (int)need(open(path, O_WRONLY), path);
	need(write(fd, "0 5000 1000", 11), path);
	turn_child(&turns);
	join(pid);
	st = look("new");
	say_stat("outside: new", &st);
	st = look("mapped");
	say_stat("outside: mapped", &st);
}
