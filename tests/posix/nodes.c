/* SPDX-License-Identifier: Apache-2.0 */
/* Fifos, sockets, devices, programs. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void case_fifo(void)
{
	char text[8] = "";
	struct stat st;
	int in, out;

	did(mkfifo("fifo", 0640), "mkfifo");
	st = look("fifo");
	say_stat("fifo", &st);
	did(mkfifo("fifo", 0640), "again");
	in = (int)need(open("fifo", O_RDONLY | O_NONBLOCK), "open");
	got(read(in, text, 7), "nobody writes");
	out = (int)need(open("fifo", O_WRONLY), "open");
	did(read(in, text, 7), "nothing written");
	got(write(out, "through", 7), "write");
	got(read(in, text, 7), "read");
	say("%s", text);
	did(lseek(in, 0, SEEK_SET), "lseek");
	close(in);
	did(write(out, "x", 1), "nobody reads");
	did(rename("fifo", "moved"), "rename");
	st = look("moved");
	say_stat("moved", &st);
	did(unlink("moved"), "unlink");
}

void case_fifo_blocking(void)
{
	char text[8] = "";
	pid_t pid;
	int in;

	need(mkfifo("fifo", 0644), "mkfifo");
	pid = child();
	if (pid == 0) {
		int out = (int)need(open("fifo", O_WRONLY), "open");

		need(write(out, "hello", 5), "write");
		leave();
	}
	in = (int)need(open("fifo", O_RDONLY), "open");
	got(read(in, text, 7), "read");
	say("%s", text);
	got(read(in, text, 7), "at its end");
	join(pid);
}

void case_fifo_names(void)
{
	need(mkfifo("fifo", 0644), "mkfifo");
	need(link("fifo", "second"), "link");
	need(open("fifo", O_RDONLY | O_NONBLOCK), "open");
	did(open("second", O_WRONLY | O_NONBLOCK), "another name of one that somebody reads");
}

void case_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int server = socket(AF_UNIX, SOCK_STREAM, 0), second = socket(AF_UNIX, SOCK_STREAM, 0), client,
	    accepted;
	char text[8] = "";
	struct stat st;

	did(bind(server, (struct sockaddr *)&address, sizeof(address)), "bind");
	st = look("socket");
	say_stat("socket", &st);
	did(bind(second, (struct sockaddr *)&address, sizeof(address)), "bind again");
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	did(connect(client, (struct sockaddr *)&address, sizeof(address)), "connect, nobody listens");
	need(listen(server, 5), "listen");
	did(rename("socket", "moved"), "rename");
	strcpy(address.sun_path, "moved");
	did(connect(client, (struct sockaddr *)&address, sizeof(address)), "connect");
	accepted = (int)need(accept(server, NULL, NULL), "accept");
	got(write(client, "hello", 5), "write");
	got(read(accepted, text, 7), "read");
	say("%s", text);
	need(chmod("moved", 0600), "chmod");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)),
			"connect as another");
		leave();
	}
	join(pid);
	did(unlink("moved"), "unlink");
	did(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)),
		"connect to nothing");
}

void case_device_nodes(void)
{
	static const struct {
		const char *name;
		mode_t type;
		unsigned major, minor;
	} nodes[] = {{"null", S_IFCHR, 1, 3}, {"zero", S_IFCHR, 1, 5}, {"large", S_IFCHR, 300, 70000},
		{"block", S_IFBLK, 7, 0}};
	struct stat st;
	char byte = 'x';
	int fd;

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (did(mknod(nodes[i].name, nodes[i].type | 0620, makedev(nodes[i].major, nodes[i].minor)),
			    "mknod %s", nodes[i].name) < 0)
			continue;
		st = look(nodes[i].name);
		say("%06o %u:%u", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
	}
	fd = open("zero", O_RDONLY);
	if (fd >= 0) {
		got(read(fd, &byte, 1), "read");
		say("%d", byte);
	}
	did(mknod("file", S_IFREG | 0600, 0), "a file");
	st = look("file");
	say_stat("file", &st);
	did(mknod("untyped", 0600, 0), "no type");
	did(mknod("folder", S_IFDIR | 0700, 0), "a folder");
	did(mknod("pipe", S_IFIFO | 0600, 0), "a fifo");
	did(mknod("sock", S_IFSOCK | 0600, 0), "a socket");
	pid_t pid = child_as(1000, 1000, 0);
	if (pid == 0) {
		did(mknod("other", S_IFCHR | 0600, makedev(1, 3)), "a device by another");
		leave();
	}
	join(pid);
}

/* A copy of this program: written, run, busy while it runs. */
void case_programs(void)
{
	static char block[65536];
	struct turns turns;
	ssize_t length;
	pid_t pid;
	int in = (int)need(open("/proc/self/exe", O_RDONLY), "open"), out = make("program");

	while ((length = read(in, block, sizeof(block))) > 0)
		need(write(out, block, (size_t)length), "write");
	need(fchmod(out, 0755), "fchmod");
	pid = child();
	if (pid == 0) {
		did(execl("program", "program", NULL), "run while it is open for writing");
		leave();
	}
	join(pid);
	close(out);
	need(mkfifo("wait", 0644), "mkfifo");
	turns_init(&turns);
	pid = child();
	if (pid == 0) {
		fcntl(turns.to_parent[1], F_SETFD, FD_CLOEXEC);
		execl("program", "program", "hold", "wait", "fifo", NULL);
		_exit(1);
	}
	/* Its end of the pipe is closed when it runs. */
	close(turns.to_parent[1]);
	need(read(turns.to_parent[0], block, 1), "read");
	did(open("program", O_WRONLY), "open for writing while it runs");
	did(truncate("program", 0), "truncate");
	did(unlink("program"), "unlink");
	close((int)need(open("wait", O_WRONLY), "open"));
	join(pid);
	did(access("program", F_OK), "then");
}
