/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: takeover PID CALL [ARGUMENT...]
 * Has the process make a system call, as code that has taken it over would. An argument is a number, "=TEXT"
 * for the address of a text, or "+N,N..." for that of so many 64-bit numbers. Prints what the call returned,
 * or the signal that ended the process.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define ROOM 4096 /* of its stack, below what it uses */

static void fail(const char *what)
{
	fprintf(stderr, "takeover: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int await(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		fail("waitpid");
	if (WIFSIGNALED(status)) {
		printf("signal %d\n", WTERMSIG(status));
		exit(0);
	}
	return status;
}

/* Puts bytes where *at says, and moves it. Returns their address. */
static unsigned long put(pid_t pid, unsigned long *at, const void *bytes, size_t length)
{
	unsigned long address = *at;
	struct iovec from = {(void *)(uintptr_t)bytes, length}, to = {(void *)(uintptr_t)address, length};

	if (process_vm_writev(pid, &from, 1, &to, 1, 0) != (ssize_t)length)
		fail("process_vm_writev");
	*at += (length + 15) & ~15ul;
	return address;
}

static unsigned long value_of(pid_t pid, const char *text, unsigned long *at)
{
	uint64_t numbers[8];
	size_t count = 0;
	char *end = (char *)(uintptr_t)text;

	if (*text == '=')
		return put(pid, at, text + 1, strlen(text));
	if (*text != '+')
		return (unsigned long)strtol(text, NULL, 0);
	do
		numbers[count++] = strtoul(end + 1, &end, 0);
	while (*end == ',' && count < 8);
	return put(pid, at, numbers, count * sizeof(*numbers));
}

int main(int argc, char **argv)
{
	struct user_regs_struct before, now;
	unsigned long *arguments[] = {&now.rdi, &now.rsi, &now.rdx, &now.r10, &now.r8, &now.r9};
	unsigned long room;
	pid_t pid;

	if (argc < 3 || argc > 9) {
		fprintf(stderr, "usage: takeover PID CALL [ARGUMENT...]\n");
		return 2;
	}
	pid = (pid_t)atoi(argv[1]);
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		fail("ptrace");
	await(pid);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &before))
		fail("its registers");
	now = before;
	room = (before.rsp - 2 * ROOM) & ~15ul;
	now.rax = (unsigned long)strtol(argv[2], NULL, 0);
	now.orig_rax = (unsigned long)-1;
	/* It stands in a system call: behind the instruction that makes one. */
	now.rip -= 2;
	for (int i = 3; i < argc; i++)
		*arguments[i - 3] = value_of(pid, argv[i], &room);
	if (ptrace(PTRACE_SETREGS, pid, NULL, &now) || ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
		fail("cannot set it going");
	await(pid);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &now) || ptrace(PTRACE_SETREGS, pid, NULL, &before) ||
		ptrace(PTRACE_DETACH, pid, NULL, NULL))
		fail("cannot let it go on");
	if ((long)now.rax < 0)
		printf("%s\n", strerror((int)-(long)now.rax));
	else
		printf("%ld\n", (long)now.rax);
	return 0;
}
