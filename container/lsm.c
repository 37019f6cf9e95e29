/* SPDX-License-Identifier: Apache-2.0 */
#include "container/lsm.h"

#include <unistd.h>

#include "util/log.h"

int lsm_check(enum lsm lsm, const char *label, const char *property, struct error *err)
{
	static const struct {
		const char *name, *there;
	} modules[] = {
		[LSM_APPARMOR] = {"AppArmor", "/sys/kernel/security/apparmor/profiles"},
		[LSM_SELINUX] = {"SELinux", "/sys/fs/selinux/enforce"},
	};

	if (!label || !*label)
		return 0;
	if (access(modules[lsm].there, F_OK))
		return error_set(err, 0, "%s: neither this host nor the zone's kernel has %s", property,
			modules[lsm].name);
	log_message(LOG_WARNING, "%s: the zone's kernel has no %s: not applied in it", property,
		modules[lsm].name);
	return 0;
}
