/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/names.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The kernel's, as Go's callers count; a libc keeps the first few for itself and moves its SIGRTMIN. */
#define KERNEL_SIGRTMIN 34
#define KERNEL_SIGRTMAX 64

static const struct oci_name signal_names[] = {
	{"HUP", SIGHUP},
	{"INT", SIGINT},
	{"QUIT", SIGQUIT},
	{"ILL", SIGILL},
	{"TRAP", SIGTRAP},
	{"ABRT", SIGABRT},
	{"IOT", SIGIOT},
	{"BUS", SIGBUS},
	{"FPE", SIGFPE},
	{"KILL", SIGKILL},
	{"USR1", SIGUSR1},
	{"SEGV", SIGSEGV},
	{"USR2", SIGUSR2},
	{"PIPE", SIGPIPE},
	{"ALRM", SIGALRM},
	{"TERM", SIGTERM},
	{"STKFLT", SIGSTKFLT},
	{"CHLD", SIGCHLD},
	{"CLD", SIGCHLD},
	{"CONT", SIGCONT},
	{"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},
	{"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},
	{"URG", SIGURG},
	{"XCPU", SIGXCPU},
	{"XFSZ", SIGXFSZ},
	{"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF},
	{"WINCH", SIGWINCH},
	{"IO", SIGIO},
	{"POLL", SIGPOLL},
	{"PWR", SIGPWR},
	{"SYS", SIGSYS},
};

/* One or two digits and nothing else, or -1. */
static int small_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 2 && text[digits] == '\0' ? atoi(text) : -1;
}

static int real_time(const char *name)
{
	bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
	int base = from_min ? KERNEL_SIGRTMIN : KERNEL_SIGRTMAX;
	int offset, number;

	if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
		return -1;
	name += 5;
	if (*name == '\0')
		return base;
	offset = small_number(name + 1);
	if (offset < 0 || *name != (from_min ? '+' : '-'))
		return -1;
	number = from_min ? base + offset : base - offset;
	return number >= KERNEL_SIGRTMIN && number <= KERNEL_SIGRTMAX ? number : -1;
}

int oci_signal(const char *name)
{
	if (isdigit((unsigned char)*name)) {
		int number = small_number(name);

		return number <= KERNEL_SIGRTMAX ? number : -1;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(signal_names) / sizeof(signal_names[0]); i++) {
		if (strcasecmp(signal_names[i].name, name) == 0)
			return (int)signal_names[i].number;
	}
	return real_time(name);
}
