/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XENRUN_NUMBER_H
#define XENRUN_NUMBER_H

#define NUMBER_MAX 12

/* A number as text, in `text`, of which it returns the part that holds it. */
static inline char *number_text(char text[NUMBER_MAX], unsigned number)
{
	char *digit = text + NUMBER_MAX - 1;

	*digit = '\0';
	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	return digit;
}

#endif
