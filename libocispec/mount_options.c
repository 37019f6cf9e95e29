/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec/mount_options.h"

#include "util/cleanup.h"
#include "util/error.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>

enum action {
	SET,	     /* a mount(2) flag */
	CLEAR,	     /* one that is taken away */
	ATIME,	     /* one of the three of which there is one at most */
	PROPAGATION, /* a mount(2) of its own */
	REC_SET,     /* a mount_setattr(2) attribute */
	REC_CLEAR,
	REC_ATIME, /* a value of the attributes' atime field */
	REC_NO_ATIME,
	EXTENSION,
	NO_EXTENSION,
	NOTHING,
};

static const struct option {
	const char *name;
	enum action action;
	unsigned long value;
} option_table[] = {
	{"async", CLEAR, MS_SYNCHRONOUS},
	{"atime", CLEAR, MS_NOATIME},
	{"auto", NOTHING, 0},
	{"bind", SET, MS_BIND},
	{"copy-symlink", EXTENSION, OCI_MOUNT_COPY_SYMLINK},
	{"defaults", NOTHING, 0},
	{"dest-nofollow", EXTENSION, OCI_MOUNT_DEST_NOFOLLOW},
	{"dev", CLEAR, MS_NODEV},
	{"diratime", CLEAR, MS_NODIRATIME},
	{"dirsync", SET, MS_DIRSYNC},
	{"exec", CLEAR, MS_NOEXEC},
	{"idmap", EXTENSION, OCI_MOUNT_IDMAP},
	{"iversion", SET, MS_I_VERSION},
	{"lazytime", SET, MS_LAZYTIME},
	{"loud", CLEAR, MS_SILENT},
	{"mand", SET, MS_MANDLOCK},
	{"noatime", ATIME, MS_NOATIME},
	{"noauto", NOTHING, 0},
	{"nodev", SET, MS_NODEV},
	{"nodiratime", SET, MS_NODIRATIME},
	{"noexec", SET, MS_NOEXEC},
	{"nofail", NOTHING, 0},
	{"noiversion", CLEAR, MS_I_VERSION},
	{"nolazytime", CLEAR, MS_LAZYTIME},
	{"nomand", CLEAR, MS_MANDLOCK},
	{"norelatime", CLEAR, MS_RELATIME},
	{"nostrictatime", CLEAR, MS_STRICTATIME},
	{"nosuid", SET, MS_NOSUID},
	{"nosymfollow", SET, MS_NOSYMFOLLOW},
	{"notmpcopyup", NO_EXTENSION, OCI_MOUNT_TMPCOPYUP},
	{"private", PROPAGATION, MS_PRIVATE},
	{"ratime", REC_NO_ATIME, MOUNT_ATTR_NOATIME},
	{"rbind", SET, MS_BIND | MS_REC},
	{"rdev", REC_CLEAR, MOUNT_ATTR_NODEV},
	{"rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME},
	{"relatime", ATIME, MS_RELATIME},
	{"remount", SET, MS_REMOUNT},
	{"rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC},
	{"ridmap", EXTENSION, OCI_MOUNT_RIDMAP},
	{"rnoatime", REC_ATIME, MOUNT_ATTR_NOATIME},
	{"rnodev", REC_SET, MOUNT_ATTR_NODEV},
	{"rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME},
	{"rnoexec", REC_SET, MOUNT_ATTR_NOEXEC},
	{"rnorelatime", NOTHING, 0}, /* what is left without it is relatime: the kernel's default */
	{"rnostrictatime", REC_NO_ATIME, MOUNT_ATTR_STRICTATIME},
	{"rnosuid", REC_SET, MOUNT_ATTR_NOSUID},
	{"rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW},
	{"ro", SET, MS_RDONLY},
	{"rprivate", PROPAGATION, MS_PRIVATE | MS_REC},
	{"rrelatime", REC_ATIME, MOUNT_ATTR_RELATIME},
	{"rro", REC_SET, MOUNT_ATTR_RDONLY},
	{"rrw", REC_CLEAR, MOUNT_ATTR_RDONLY},
	{"rshared", PROPAGATION, MS_SHARED | MS_REC},
	{"rslave", PROPAGATION, MS_SLAVE | MS_REC},
	{"rstrictatime", REC_ATIME, MOUNT_ATTR_STRICTATIME},
	{"rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID},
	{"rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC},
	{"rw", CLEAR, MS_RDONLY},
	{"shared", PROPAGATION, MS_SHARED},
	{"silent", SET, MS_SILENT},
	{"slave", PROPAGATION, MS_SLAVE},
	{"src-nofollow", EXTENSION, OCI_MOUNT_SRC_NOFOLLOW},
	{"strictatime", ATIME, MS_STRICTATIME},
	{"suid", CLEAR, MS_NOSUID},
	{"symfollow", CLEAR, MS_NOSYMFOLLOW},
	{"sync", SET, MS_SYNCHRONOUS},
	{"tmpcopyup", EXTENSION, OCI_MOUNT_TMPCOPYUP},
	{"unbindable", PROPAGATION, MS_UNBINDABLE},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

const char *oci_mount_option_name(size_t index)
{
	return index < OPTION_COUNT ? option_table[index].name : NULL;
}

static int compare(const void *name, const void *option)
{
	return strcmp(name, ((const struct option *)option)->name);
}

static int append_propagation(struct oci_mount_options *parsed, unsigned long flags, struct error *err)
{
	unsigned long *larger =
		reallocarray(parsed->propagation, parsed->propagation_len + 1, sizeof(*larger));

	if (!larger)
		return error_set(err, ENOMEM, "cannot read mount options");
	parsed->propagation = larger;
	parsed->propagation[parsed->propagation_len++] = flags;
	return 0;
}

static int append_data(struct oci_mount_options *parsed, const char *option, struct error *err)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", parsed->data ? parsed->data : "", parsed->data ? "," : "", option) <
		0)
		return error_set(err, ENOMEM, "cannot read mount options");
	free(parsed->data);
	parsed->data = longer;
	return 0;
}

static void set_flags(struct oci_mount_options *parsed, unsigned long flags)
{
	parsed->flags |= flags;
	parsed->clear_flags &= ~flags;
}

/* mount_setattr(2) takes the atime mode as a field, which is to be cleared whole before it is set. */
static void set_recursive_atime(struct oci_mount_options *parsed, uint64_t mode)
{
	parsed->rec_clear |= MOUNT_ATTR__ATIME;
	parsed->rec_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	parsed->rec_set |= mode;
}

static int apply(struct oci_mount_options *parsed, const struct option *option, struct error *err)
{
	switch (option->action) {
	case SET:
		set_flags(parsed, option->value);
		return 0;
	case CLEAR:
		parsed->flags &= ~option->value;
		parsed->clear_flags |= option->value;
		return 0;
	case ATIME:
		parsed->flags &= ~(unsigned long)(MS_NOATIME | MS_RELATIME | MS_STRICTATIME);
		set_flags(parsed, option->value);
		return 0;
	case PROPAGATION:
		return append_propagation(parsed, option->value, err);
	case REC_SET:
		parsed->rec_set |= option->value;
		parsed->rec_clear &= ~option->value;
		return 0;
	case REC_CLEAR:
		parsed->rec_set &= ~option->value;
		parsed->rec_clear |= option->value;
		return 0;
	case REC_ATIME:
		set_recursive_atime(parsed, option->value);
		return 0;
	case REC_NO_ATIME:
		/* Back to the default, unless an option before has chosen yet another mode. */
		if (!(parsed->rec_clear & MOUNT_ATTR__ATIME) ||
			(parsed->rec_set & MOUNT_ATTR__ATIME) == option->value)
			set_recursive_atime(parsed, MOUNT_ATTR_RELATIME);
		return 0;
	case EXTENSION:
		parsed->extensions |= (unsigned)option->value;
		return 0;
	case NO_EXTENSION:
		parsed->extensions &= ~(unsigned)option->value;
		return 0;
	case NOTHING:
		return 0;
	}
	return 0;
}

int oci_mount_options_parse(char *const *options, struct oci_mount_options *parsed, struct error *err)
{
	*parsed = (struct oci_mount_options){0};
	for (; options && *options; options++) {
		const char *name = *options;
		const struct option *option =
			bsearch(name, option_table, OPTION_COUNT, sizeof(option_table[0]), compare);
		int failed = 0;

		if (option)
			failed = apply(parsed, option, err);
		else if (strncmp(name, "idmap=", 6) == 0 || strncmp(name, "ridmap=", 7) == 0)
			failed = error_set(err, 0,
				"option \"%s\": give the mapping as the mount's uidMappings and gidMappings",
				name);
		else if (*name && strncasecmp(name, "x-", 2) != 0 && strcmp(name, "_netdev") != 0)
			failed = append_data(parsed, name, err);
		if (failed) {
			oci_mount_options_free(parsed);
			return -1;
		}
	}
	return 0;
}

void oci_mount_options_free(struct oci_mount_options *parsed)
{
	free(parsed->propagation);
	free(parsed->data);
	*parsed = (struct oci_mount_options){0};
}
