/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what the Xen libraries say, instead of printing it: their last complaint explains a failure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xen/zone.h"

static void log_message(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
	const char *context, const char *format, va_list args)
{
	struct xen_log *log = (struct xen_log *)logger;
	int saved = errno;

	(void)errnoval;
	(void)context;
	if (level >= XTL_ERROR)
		vsnprintf(log->last, sizeof(log->last), format, args);
	errno = saved;
}

static void log_progress(struct xentoollog_logger *logger, const char *context, const char *doing,
	int percent, unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)doing;
	(void)percent;
	(void)done;
	(void)total;
}

static void log_destroy(struct xentoollog_logger *logger)
{
	(void)logger;
}

void xen_log_init(struct xen_log *log)
{
	log->logger.vmessage = log_message;
	log->logger.progress = log_progress;
	log->logger.destroy = log_destroy;
	log->last[0] = '\0';
}

int xen_error(struct error *err, const struct xen_log *log, const char *what)
{
	size_t length = strcspn(log->last, "\n");

	if (length)
		return error_set(err, errno, "%s: %.*s", what, (int)length, log->last);
	return error_set(err, errno, "%s", what);
}
