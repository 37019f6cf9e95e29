/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: measure [DIR [ROW...]]
 * How fast the file system at DIR (/) is: lines of name and figure, more is better but for names in -ms. DIR
 * is made by bench/files/tree. As a guest's first process it mounts what the kernel's command line says
 * (bench_type=, bench_source=, bench_options=; bench_rows= for some rows only), measures there, leaves the
 * lines in its /bench/results, and powers off.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS	    0.6	 /* each time, as long as it takes to end what it began */
#define TIMES	    5	 /* whose median is the row: which processors meet is chance */
#define TAR_SECONDS 10.0 /* what is slow is not waited for */
#define SMALL	    4096
#define LARGE	    (1 << 20)
#define BIG_SIZE    (16 << 20) /* of bench/big; that of bench/new/big in the end */
#define FILES	    100	       /* in bench/few/a/b, and in each of bench/warm's folders */
#define FOLDERS	    5	       /* in bench/warm */

/* What a row does in a loop, the n-th time, as one of several workers. False: it failed. */
typedef bool one_step(void *arg, unsigned int worker, unsigned int n);

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	printf("failed %s: %s\n", what, strerror(errno));
	fflush(stdout);
}

static void say(const char *row, double figure)
{
	printf("%s %.1f\n", row, figure);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

/* How often a second; the first few times are not counted. */
static double rate_once(one_step *step, void *arg, unsigned int worker, unsigned int *n)
{
	double start, now;
	unsigned int first;

	for (int i = 0; i < 3; i++)
		if (!step(arg, worker, (*n)++))
			return -1;
	start = seconds();
	first = *n;
	do {
		if (!step(arg, worker, (*n)++))
			return -1;
		now = seconds();
	} while (now - start < SECONDS);
	return (*n - first) / (now - start);
}

static double rate(one_step *step, void *arg, unsigned int worker)
{
	double rates[TIMES];
	unsigned int n = 0;

	for (int i = 0; i < TIMES; i++) {
		rates[i] = rate_once(step, arg, worker, &n);
		if (rates[i] < 0)
			return -1;
	}
	qsort(rates, TIMES, sizeof(rates[0]), compare);
	return rates[TIMES / 2];
}

/* `workers` processes at once; the sum of their rates. */
static void row(const char *name, one_step *step, void *arg, unsigned int workers, double factor)
{
	double sum = 0, one;
	int ends[2];

	if (workers == 1) {
		sum = rate(step, arg, 0);
	} else {
		if (pipe(ends))
			return fail(name);
		for (unsigned int i = 0; i < workers; i++) {
			if (fork() == 0) {
				one = rate(step, arg, i);
				_exit(write(ends[1], &one, sizeof(one)) != sizeof(one));
			}
		}
		for (unsigned int i = 0; i < workers; i++)
			if (read(ends[0], &one, sizeof(one)) == sizeof(one) && one >= 0)
				sum += one;
		while (wait(NULL) > 0)
			;
		close(ends[0]);
		close(ends[1]);
	}
	if (sum <= 0)
		return fail(name);
	say(name, sum * factor);
}

static int open_uncached(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT, 0644);

	/* A tmpfs has no other place than memory. */
	return fd < 0 && errno == EINVAL ? open(path, flags, 0644) : fd;
}

struct io {
	int fd;
	size_t size;
	uint8_t *buffer;
};

static bool step_read(void *arg, unsigned int worker, unsigned int n)
{
	const struct io *io = arg;
	uint32_t at = (n * 2654435761u + worker * 40503u) >> 4;
	off_t offset = io->size == SMALL ? (off_t)(at % (BIG_SIZE / SMALL)) * SMALL
					 : (off_t)(n % (BIG_SIZE / LARGE)) * LARGE;

	return pread(io->fd, io->buffer, io->size, offset) == (ssize_t)io->size;
}

static bool step_write(void *arg, unsigned int worker, unsigned int n)
{
	const struct io *io = arg;
	uint32_t at = (n * 2654435761u + worker * 40503u) >> 4;
	off_t offset = io->size == SMALL ? (off_t)(at % (BIG_SIZE / SMALL)) * SMALL
					 : (off_t)(n % (BIG_SIZE / LARGE)) * LARGE;

	return pwrite(io->fd, io->buffer, io->size, offset) == (ssize_t)io->size;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd >= 0 && write(fd, "3", 1) != 1)
		fail("drop_caches");
	close(fd);
}

static void rows_of_io(void)
{
	struct io io = {.buffer = aligned_alloc(SMALL, LARGE)};

	memset(io.buffer, 'x', LARGE);
	io.fd = open_uncached("bench/big", O_RDONLY);
	io.size = SMALL;
	row("read-4k", step_read, &io, 1, 1);
	row("read-4k-by-4", step_read, &io, 4, 1);
	io.size = LARGE;
	row("read-1m", step_read, &io, 1, 1.048576);
	close(io.fd);

	io.fd = open_uncached("bench/new/big", O_WRONLY | O_CREAT);
	row("write-1m", step_write, &io, 1, 1.048576);
	io.size = SMALL;
	row("write-4k", step_write, &io, 1, 1);
	row("write-4k-by-4", step_write, &io, 4, 1);
	close(io.fd);
	unlink("bench/new/big");
	free(io.buffer);
}

/* Through the cache, as programs do: read once after it was emptied; written, and then on its way to the
 * disk. */
static void rows_of_stream(void)
{
	uint8_t *buffer = malloc(LARGE);
	double start;
	int fd;

	memset(buffer, 'x', LARGE);
	drop_caches();
	fd = open("bench/big", O_RDONLY);
	start = seconds();
	for (int i = 0; i < BIG_SIZE / LARGE; i++)
		if (read(fd, buffer, LARGE) != LARGE)
			fail("stream-read");
	say("stream-read", BIG_SIZE / 1e6 / (seconds() - start));
	close(fd);

	fd = open("bench/new/stream", O_WRONLY | O_CREAT, 0644);
	start = seconds();
	for (int i = 0; i < BIG_SIZE / LARGE; i++)
		if (write(fd, buffer, LARGE) != LARGE)
			fail("stream-write");
	fsync(fd);
	say("stream-write", BIG_SIZE / 1e6 / (seconds() - start));
	close(fd);
	unlink("bench/new/stream");
	free(buffer);
}

static bool step_stat(void *arg, unsigned int worker, unsigned int n)
{
	char path[64];
	struct stat st;

	(void)arg;
	(void)worker;
	snprintf(path, sizeof(path), "bench/few/a/b/%u", n % FILES);
	return stat(path, &st) == 0;
}

static bool step_open(void *arg, unsigned int worker, unsigned int n)
{
	char path[64];
	int fd;

	(void)arg;
	(void)worker;
	snprintf(path, sizeof(path), "bench/few/a/b/%u", n % FILES);
	fd = open(path, O_RDONLY);
	return fd >= 0 && close(fd) == 0;
}

static bool step_create(void *arg, unsigned int worker, unsigned int n)
{
	char path[64];
	int fd;

	(void)arg;
	snprintf(path, sizeof(path), "bench/new/%u-%u", worker, n);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	return fd >= 0 && close(fd) == 0 && unlink(path) == 0;
}

static bool step_warm(void *arg, unsigned int worker, unsigned int n)
{
	static char buffer[16384];
	char path[64];
	ssize_t got;
	int fd;

	(void)arg;
	(void)worker;
	n %= FILES * FOLDERS;
	snprintf(path, sizeof(path), "bench/warm/%u/%u", n / FILES, n % FILES);
	fd = open(path, O_RDONLY);
	do
		got = read(fd, buffer, sizeof(buffer));
	while (got > 0);
	return fd >= 0 && got == 0 && close(fd) == 0;
}

static void row_of_readdir(void)
{
	double start = seconds();
	unsigned int entries = 0;

	do {
		DIR *dir = opendir("bench/many");

		if (!dir)
			return fail("readdir");
		while (readdir(dir))
			entries++;
		closedir(dir);
	} while (seconds() - start < SECONDS);
	say("readdir", entries / (seconds() - start));
}

/* tar names what it has unpacked: those are counted until the time is up. */
static void row_of_untar(void)
{
	double start = seconds(), end = start;
	char buffer[4096];
	unsigned int names = 0;
	ssize_t got;
	int ends[2], status = 0;
	pid_t pid;

	if (mkdir("bench/new/untar", 0755) || pipe(ends))
		return fail("untar");
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		execl("/bin/busybox", "tar", "-xvf", "bench/tree.tar", "-C", "bench/new/untar", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			names += buffer[i] == '\n';
		end = seconds();
		if (end - start > TAR_SECONDS) {
			kill(pid, SIGKILL);
			break;
		}
	}
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (names < 10 || (WIFEXITED(status) && WEXITSTATUS(status)))
		return fail("untar");
	/* What is unpacked is on its way to the disk when all of it is. */
	sync();
	say("untar", names / (seconds() - start));
}

static void row_of_start(const char *name, const char *interpreter, const char *program)
{
	double start = seconds();
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("LC_ALL", "C", 1);
		/* A volume has a root of its own. */
		if (chroot("."))
			_exit(127);
		execl(interpreter, interpreter, program, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status)
		return fail(name);
	say(name, (seconds() - start) * 1e3);
}

static bool wanted(char **rows, const char *name)
{
	for (char **at = rows; at && *at; at++)
		if (strcmp(*at, name) == 0)
			return true;
	return !rows || !*rows;
}

static void measure(char **rows)
{
	if (wanted(rows, "start")) {
		drop_caches();
		row_of_start("perl-cold-ms", "/usr/bin/perl", "/bench/program.pl");
		row_of_start("perl-warm-ms", "/usr/bin/perl", "/bench/program.pl");
		/* Not emptied again: emulated, memory that held code is slow to fill. So libc is there. */
		row_of_start("python-cold-ms", "/usr/bin/python3", "/bench/program.py");
		row_of_start("python-warm-ms", "/usr/bin/python3", "/bench/program.py");
		/* perl itself is there; what is measured is how its many files come. */
		row_of_start("modules-cold-ms", "/usr/bin/perl", "/bench/modules.pl");
		row_of_start("modules-warm-ms", "/usr/bin/perl", "/bench/modules.pl");
	}
	if (wanted(rows, "io"))
		rows_of_io();
	if (wanted(rows, "stream"))
		rows_of_stream();
	if (wanted(rows, "stat"))
		row("stat", step_stat, NULL, 1, 1);
	if (wanted(rows, "open"))
		row("open", step_open, NULL, 1, 1);
	if (wanted(rows, "create"))
		row("create", step_create, NULL, 1, 1);
	if (wanted(rows, "warm")) {
		for (unsigned int n = 0; n < FILES * FOLDERS; n++)
			step_warm(NULL, 0, n);
		row("warm", step_warm, NULL, 1, 1);
	}
	if (wanted(rows, "readdir"))
		row_of_readdir();
	if (wanted(rows, "untar"))
		row_of_untar();
}

/* The words of the kernel's command line, which it gives its first process as environment. */
static void as_init(void)
{
	const char *type = getenv("bench_type"), *source = getenv("bench_source"),
		   *options = getenv("bench_options");
	char *names = getenv("bench_rows"), *rows[32] = {NULL};
	int tries = 200, count = 0;

	mkdir("/mnt", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	while (mount(source, "/mnt", type, 0, options) && tries-- > 0)
		usleep(50000);
	if (tries < 0 || chdir("/mnt") || chroot("/mnt")) {
		fprintf(stderr, "measure: cannot mount %s %s %s: %s\n", type, source, options,
			strerror(errno));
		reboot(RB_POWER_OFF);
	}
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	if (!freopen("bench/results", "w", stdout))
		fprintf(stderr, "measure: bench/results: %s\n", strerror(errno));
	for (names = names ? strtok(names, ",") : NULL; names && count < 31; names = strtok(NULL, ","))
		rows[count++] = names;
	measure(rows);
	fclose(stdout);
	sync();
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	if (getpid() == 1 && getenv("bench_type"))
		as_init();
	if (chdir(argc > 1 ? argv[1] : "/")) {
		perror(argv[1]);
		return 1;
	}
	measure(argc > 2 ? argv + 2 : NULL);
	return 0;
}
