/* SPDX-License-Identifier: Apache-2.0 */
/* What zone init has to say; stdio would be a third of the program. */
#include "initramfs/console.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "initramfs/number.h"

void console_open(void)
{
	int fd;

	if (fcntl(2, F_GETFD) >= 0)
		return;
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	/* What is opened later must not become somebody's standard output. */
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
}

void say(const char *what, const char *detail, int error)
{
	char line[256] = "zone init: ", digits[NUMBER_MAX];
	size_t room = sizeof(line) - sizeof(": : error \n") - NUMBER_MAX;

	strncat(line, what, room - strlen(line));
	if (detail) {
		strcat(line, ": ");
		strncat(line, detail, room - strlen(line));
	}
	if (error) {
		strcat(line, ": error ");
		strcat(line, number_text(digits, (unsigned)error));
	}
	strcat(line, "\n");
	/* There is nobody to tell that telling failed. */
	if (write(2, line, strlen(line)) < 0)
		return;
}
