/* SPDX-License-Identifier: Apache-2.0 */
/* Locks between processes; between containers: locks_tool.c. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int set(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

	return fcntl(fd, command, &lock);
}

/* What a child that opens the file anew is told. */
static void other(const char *what, short type, off_t start, off_t length)
{
	pid_t pid = child();

	if (pid == 0) {
		int fd = (int)need(open("file", O_RDWR), "open");

		did(set(fd, F_SETLK, type, start, length), "another: %s", what);
		leave();
	}
	join(pid);
}

void case_lock_fcntl(void)
{
	int fd;

	put("file", "0123456789");
	fd = (int)need(open("file", O_RDWR), "open");
	did(set(fd, F_SETLK, F_RDLCK, 0, 0), "shared");
	other("shared", F_RDLCK, 0, 0);
	other("exclusive", F_WRLCK, 0, 0);
	did(set(fd, F_SETLK, F_WRLCK, 0, 0), "exclusive");
	other("shared", F_RDLCK, 0, 0);
	other("exclusive", F_WRLCK, 0, 0);
	did(set(fd, F_SETLK, F_RDLCK, 0, 0), "shared again");
	other("shared", F_RDLCK, 0, 0);
	did(set(fd, F_SETLK, F_UNLCK, 0, 0), "none");
	other("exclusive", F_WRLCK, 0, 0);
	did(set(fd, F_SETLK, F_UNLCK, 0, 0), "none, twice");
}

void case_lock_ranges(void)
{
	int fd;

	put("file", "0123456789");
	fd = (int)need(open("file", O_RDWR), "open");
	did(set(fd, F_SETLK, F_WRLCK, 0, 100), "0 to 99");
	did(set(fd, F_SETLK, F_UNLCK, 40, 20), "without 40 to 59");
	did(set(fd, F_SETLK, F_RDLCK, 90, 20), "90 to 109 shared");
	other("39", F_WRLCK, 39, 1);
	other("40 to 59", F_WRLCK, 40, 20);
	other("59 to 60", F_WRLCK, 59, 2);
	other("95 shared", F_RDLCK, 95, 1);
	other("95", F_WRLCK, 95, 1);
	other("110 to the end", F_WRLCK, 110, 0);
	did(set(fd, F_SETLK, F_WRLCK, 1ll << 40, 5), "far behind the end");
	other("far", F_WRLCK, (1ll << 40) + 4, 1);
	other("behind it", F_WRLCK, (1ll << 40) + 5, 1);
	did(set(fd, F_SETLK, F_WRLCK, -1, 1), "before the beginning");
	did(set(fd, F_SETLK, F_WRLCK, 20, -5), "backwards: 15 to 19");
	did(set(fd, F_SETLK, F_UNLCK, 0, 0), "none");
	other("all", F_WRLCK, 0, 0);
}

void case_lock_test(void)
{
	pid_t pid;
	int fd;

	put("file", "0123456789");
	fd = (int)need(open("file", O_RDWR), "open");
	need(set(fd, F_SETLK, F_WRLCK, 10, 5), "lock");
	need(set(fd, F_SETLK, F_RDLCK, 30, 5), "lock");
	pid = child();
	if (pid == 0) {
		static const struct {
			short type;
			off_t start, length;
		} tests[] = {{F_WRLCK, 0, 0}, {F_RDLCK, 0, 0}, {F_RDLCK, 12, 1}, {F_RDLCK, 30, 5},
			{F_WRLCK, 32, 0}, {F_WRLCK, 100, 0}};

		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
			struct flock lock = {
				.l_type = tests[i].type, .l_start = tests[i].start, .l_len = tests[i].length};

			did(fcntl(fd, F_GETLK, &lock), "test");
			if (lock.l_type == F_UNLCK)
				say("free");
			else
				say("%s from %lld, %lld long, by %s",
					lock.l_type == F_RDLCK ? "shared" : "exclusive",
					(long long)lock.l_start, (long long)lock.l_len,
					lock.l_pid == getppid() ? "the parent" : "somebody");
		}
		leave();
	}
	join(pid);
	struct flock lock = {.l_type = F_WRLCK};
	did(fcntl(fd, F_GETLK, &lock), "one's own");
	say("%s", lock.l_type == F_UNLCK ? "free" : "taken");
}

void case_lock_released(void)
{
	int fd, second;
	pid_t pid;

	put("file", "");
	fd = (int)need(open("file", O_RDWR), "open");
	second = (int)need(open("file", O_RDONLY), "open");
	need(set(fd, F_SETLK, F_WRLCK, 0, 0), "lock");
	other("while it is held", F_WRLCK, 0, 0);
	close(second);
	other("any descriptor closed", F_WRLCK, 0, 0);
	need(set(fd, F_SETLK, F_WRLCK, 0, 0), "lock");
	close(fd);
	other("its descriptor closed", F_WRLCK, 0, 0);
	for (int way = 0; way < 2; way++) {
		struct turns turns;

		turns_init(&turns);
		pid = child();
		if (pid == 0) {
			fd = (int)need(open("file", O_RDWR), "open");
			need(set(fd, F_SETLK, F_WRLCK, 0, 0), "lock");
			turn_parent(&turns);
			await_parent(&turns);
			leave();
		}
		await_child(&turns);
		other("a child has it", F_WRLCK, 0, 0);
		if (way)
			kill(pid, SIGKILL);
		else
			turn_child(&turns);
		need(waitpid(pid, NULL, 0), "waitpid");
		other(way ? "the child was killed" : "the child is gone", F_WRLCK, 0, 0);
	}
	fd = (int)need(open("file", O_RDWR), "open");
	need(set(fd, F_SETLK, F_WRLCK, 0, 0), "lock");
	need(unlink("file"), "unlink");
	put("file", "");
	other("another file of the name", F_WRLCK, 0, 0);
}

static void nothing(int signal)
{
	(void)signal;
}

/* One waits, and has it when the other lets go; a signal ends the wait; who waits for each other is told. */
static void blocking(int command, const char *kind)
{
	struct timespec before, after;
	struct turns turns;
	pid_t pid;
	int fd;

	put("file", "0123456789");
	turns_init(&turns);
	pid = child();
	if (pid == 0) {
		fd = (int)need(open("file", O_RDWR), "open");
		await_parent(&turns);
		clock_gettime(CLOCK_MONOTONIC, &before);
		did(set(fd, command, F_WRLCK, 0, 1), "%s: the waiting one has it", kind);
		clock_gettime(CLOCK_MONOTONIC, &after);
		say("%s",
			(after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >=
					200
				? "and waited"
				: "and did not wait");
		leave();
	}
	fd = (int)need(open("file", O_RDWR), "open");
	need(set(fd, command, F_WRLCK, 0, 1), "lock");
	turn_child(&turns);
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	need(set(fd, command, F_UNLCK, 0, 1), "unlock");
	join(pid);

	need(set(fd, command, F_WRLCK, 0, 1), "lock");
	pid = child();
	if (pid == 0) {
		struct sigaction action = {.sa_handler = nothing};

		sigaction(SIGALRM, &action, NULL);
		alarm(1);
		fd = (int)need(open("file", O_RDWR), "open");
		did(set(fd, command, F_WRLCK, 0, 1), "%s: a signal while it waits", kind);
		leave();
	}
	join(pid);
	need(set(fd, command, F_UNLCK, 0, 1), "unlock");
}

void case_lock_blocking(void)
{
	struct turns turns;
	pid_t pid;
	int fd;

	blocking(F_SETLKW, "fcntl");
	turns_init(&turns);
	fd = (int)need(open("file", O_RDWR), "open");
	need(set(fd, F_SETLK, F_WRLCK, 0, 1), "lock");
	pid = child();
	if (pid == 0) {
		fd = (int)need(open("file", O_RDWR), "open");
		need(set(fd, F_SETLK, F_WRLCK, 1, 1), "lock");
		turn_parent(&turns);
		set(fd, F_SETLKW, F_WRLCK, 0, 1);
		leave();
	}
	await_child(&turns);
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	did(set(fd, F_SETLKW, F_WRLCK, 1, 1), "each waits for the other");
	need(set(fd, F_SETLK, F_UNLCK, 0, 0), "unlock");
	join(pid);
}

void case_lock_ofd(void)
{
	int fd, second;

	put("file", "0123456789");
	fd = (int)need(open("file", O_RDWR), "open");
	second = (int)need(open("file", O_RDWR), "open");
	did(set(fd, F_OFD_SETLK, F_WRLCK, 0, 5), "exclusive");
	did(set(second, F_OFD_SETLK, F_WRLCK, 4, 5), "by another descriptor of the process");
	did(set(second, F_OFD_SETLK, F_WRLCK, 5, 5), "beside it");
	close((int)need(open("file", O_RDWR), "open"));
	did(set(second, F_OFD_SETLK, F_WRLCK, 0, 1), "after an unrelated close");
	other("fcntl's", F_WRLCK, 0, 1);
	struct flock lock = {.l_type = F_WRLCK};
	did(fcntl(second, F_OFD_GETLK, &lock), "test");
	say("type %d from %lld by %d", lock.l_type, (long long)lock.l_start, lock.l_pid);
	pid_t pid = child();
	if (pid == 0) {
		did(set(fd, F_OFD_SETLK, F_UNLCK, 0, 0), "unlocked by a child");
		leave();
	}
	join(pid);
	did(set(second, F_OFD_SETLK, F_WRLCK, 0, 1), "then");
	close(second);
	other("closed", F_WRLCK, 0, 0);
	blocking(F_OFD_SETLKW, "OFD");
}

void case_lock_flock(void)
{
	int fd, second, folder, again;

	put("file", "");
	fd = (int)need(open("file", O_RDONLY), "open");
	second = (int)need(open("file", O_RDWR), "open");
	did(flock(fd, LOCK_SH), "shared");
	did(flock(second, LOCK_SH | LOCK_NB), "shared by another");
	did(flock(second, LOCK_EX | LOCK_NB), "exclusive by another");
	did(flock(fd, LOCK_UN), "none");
	did(flock(second, LOCK_EX | LOCK_NB), "exclusive");
	did(flock(fd, LOCK_SH | LOCK_NB), "shared by another");
	int copy = dup(second);
	close(second);
	did(flock(fd, LOCK_EX | LOCK_NB), "a copy of its descriptor is open");
	close(copy);
	did(flock(fd, LOCK_EX | LOCK_NB), "none is");
	pid_t pid = child();
	if (pid == 0) {
		did(flock(fd, LOCK_UN), "unlocked by a child");
		leave();
	}
	join(pid);
	second = (int)need(open("file", O_RDONLY), "open");
	did(flock(second, LOCK_EX | LOCK_NB), "then");
	need(mkdir("d", 0755), "mkdir");
	folder = (int)need(open("d", O_RDONLY), "open");
	again = (int)need(open("d", O_RDONLY), "open");
	did(flock(folder, LOCK_EX), "a folder");
	did(flock(again, LOCK_EX | LOCK_NB), "by another");
	did(flock(folder, 99), "what is no lock");
}

void case_lock_flock_blocking(void)
{
	pid_t pid;
	int fd;

	put("file", "");
	fd = (int)need(open("file", O_RDWR), "open");
	need(flock(fd, LOCK_EX), "flock");
	pid = child();
	if (pid == 0) {
		struct sigaction action = {.sa_handler = nothing};
		int own = (int)need(open("file", O_RDWR), "open");

		sigaction(SIGALRM, &action, NULL);
		alarm(1);
		did(flock(own, LOCK_EX), "a signal while it waits");
		alarm(30);
		did(flock(own, LOCK_EX), "waits");
		leave();
	}
	nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 500000000}, NULL);
	need(flock(fd, LOCK_UN), "flock");
	join(pid);
	/* Its holder is killed. */
	pid = child();
	if (pid == 0) {
		int own = (int)need(open("file", O_RDWR), "open");

		need(flock(own, LOCK_EX), "flock");
		for (;;)
			pause();
	}
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	did(flock(fd, LOCK_EX | LOCK_NB), "while it is held");
	kill(pid, SIGKILL);
	did(flock(fd, LOCK_EX), "its holder was killed");
	need(waitpid(pid, NULL, 0), "waitpid");
}

/* flock's and fcntl's know nothing of each other on a local file system. */
void case_lock_kinds(void)
{
	int fd, second;

	put("file", "");
	fd = (int)need(open("file", O_RDWR), "open");
	second = (int)need(open("file", O_RDWR), "open");
	did(flock(fd, LOCK_EX), "flock");
	did(set(second, F_OFD_SETLK, F_WRLCK, 0, 0), "OFD by another");
	did(set(second, F_SETLK, F_WRLCK, 0, 0), "fcntl by another");
}

void case_lock_read_only(void)
{
	int fd;

	put("file", "");
	fd = (int)need(open("file", O_RDONLY), "open");
	did(set(fd, F_SETLK, F_RDLCK, 0, 0), "shared, for reading");
	did(set(fd, F_SETLK, F_WRLCK, 0, 0), "exclusive, for reading");
	fd = (int)need(open("file", O_WRONLY), "open");
	did(set(fd, F_SETLK, F_WRLCK, 0, 0), "exclusive, for writing");
	did(set(fd, F_SETLK, F_RDLCK, 0, 0), "shared, for writing");
}

void case_lease(void)
{
	int fd;

	put("file", "");
	fd = (int)need(open("file", O_RDONLY), "open");
	did(fcntl(fd, F_SETLEASE, F_RDLCK), "a lease for reading");
	did(fcntl(fd, F_SETLEASE, F_UNLCK), "given back");
}
