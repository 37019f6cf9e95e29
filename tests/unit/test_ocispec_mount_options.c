/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options to flags: config.md, "Linux mount options". */
#include "libocispec/mount_options.h"

#include "tests/unit/test_ocispec.h"
#include <sys/mount.h>

/* Splits "ro,bind" and parses it. */
static struct oci_mount_options parse(const char *list)
{
	struct oci_mount_options parsed;
	struct error err = {0};
	char *copy = strdup(list);
	char *options[16] = {0};
	size_t count = 0;

	for (char *rest = copy, *option; (option = strsep(&rest, ","));)
		options[count++] = option;
	CHECK(oci_mount_options_parse(options, &parsed, &err) == 0);
	free(copy);
	return parsed;
}

static void expect_flags(const char *list, unsigned long set, unsigned long clear)
{
	struct oci_mount_options parsed = parse(list);

	if (!CHECK(parsed.flags == set && parsed.clear_flags == clear && !parsed.data))
		printf("# %s: %#lx %#lx %s\n", list, parsed.flags, parsed.clear_flags, parsed.data);
	oci_mount_options_free(&parsed);
}

static void test_flags(void)
{
	expect_flags("", 0, 0);
	expect_flags("defaults", 0, 0);
	expect_flags("ro", MS_RDONLY, 0);
	expect_flags("ro,rw", 0, MS_RDONLY);
	expect_flags("rw,ro", MS_RDONLY, 0);
	expect_flags("nosuid,noexec,nodev", MS_NOSUID | MS_NOEXEC | MS_NODEV, 0);
	expect_flags("suid,exec,dev", 0, MS_NOSUID | MS_NOEXEC | MS_NODEV);
	expect_flags("bind", MS_BIND, 0);
	expect_flags("rbind", MS_BIND | MS_REC, 0);
	expect_flags("remount,bind,ro", MS_REMOUNT | MS_BIND | MS_RDONLY, 0);
	expect_flags("sync,dirsync,mand", MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK, 0);
	expect_flags("async,nomand", 0, MS_SYNCHRONOUS | MS_MANDLOCK);
	expect_flags("silent,iversion,lazytime", MS_SILENT | MS_I_VERSION | MS_LAZYTIME, 0);
	expect_flags("loud,noiversion,nolazytime", 0, MS_SILENT | MS_I_VERSION | MS_LAZYTIME);
	expect_flags("nosymfollow,nodiratime", MS_NOSYMFOLLOW | MS_NODIRATIME, 0);
	expect_flags("symfollow,diratime", 0, MS_NOSYMFOLLOW | MS_NODIRATIME);
	expect_flags("noatime,relatime", MS_RELATIME, 0);
	expect_flags("relatime,strictatime", MS_STRICTATIME, 0);
	expect_flags("strictatime,noatime", MS_NOATIME, 0);
	expect_flags("noatime,atime", 0, MS_NOATIME);
	expect_flags("norelatime,nostrictatime", 0, MS_RELATIME | MS_STRICTATIME);
	expect_flags("auto,noauto,nofail,_netdev,x-systemd.automount,X-mount.mkdir", 0, 0);
}

static void test_propagation(void)
{
	struct oci_mount_options parsed = parse("rbind,rslave,shared,private,runbindable");

	CHECK(parsed.flags == (MS_BIND | MS_REC));
	CHECK_EQ(parsed.propagation_len, 4);
	CHECK(parsed.propagation[0] == (MS_SLAVE | MS_REC) && parsed.propagation[1] == MS_SHARED);
	CHECK(parsed.propagation[2] == MS_PRIVATE && parsed.propagation[3] == (MS_UNBINDABLE | MS_REC));
	oci_mount_options_free(&parsed);
	parsed = parse("slave,rshared,rprivate,unbindable");
	CHECK_EQ(parsed.propagation_len, 4);
	CHECK(parsed.propagation[0] == MS_SLAVE && parsed.propagation[1] == (MS_SHARED | MS_REC));
	CHECK(parsed.propagation[2] == (MS_PRIVATE | MS_REC) && parsed.propagation[3] == MS_UNBINDABLE);
	oci_mount_options_free(&parsed);
}

static void expect_recursive(const char *list, uint64_t set, uint64_t clear)
{
	struct oci_mount_options parsed = parse(list);

	if (!CHECK(parsed.rec_set == set && parsed.rec_clear == clear && !parsed.flags && !parsed.data))
		printf("# %s: %#lx %#lx\n", list, (unsigned long)parsed.rec_set,
			(unsigned long)parsed.rec_clear);
	oci_mount_options_free(&parsed);
}

static void test_recursive(void)
{
	expect_recursive("rro", MOUNT_ATTR_RDONLY, 0);
	expect_recursive("rro,rrw", 0, MOUNT_ATTR_RDONLY);
	expect_recursive(
		"rnosuid,rnodev,rnoexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0);
	expect_recursive("rsuid,rdev,rexec", 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	expect_recursive("rnosymfollow,rnodiratime", MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME, 0);
	expect_recursive("rsymfollow,rdiratime", 0, MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME);
	expect_recursive("rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME);
	expect_recursive("rnoatime,rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME);
	expect_recursive("rnoatime,rrelatime", 0, MOUNT_ATTR__ATIME);
	expect_recursive("ratime", 0, MOUNT_ATTR__ATIME);
	expect_recursive("rnoatime,ratime", 0, MOUNT_ATTR__ATIME);
	expect_recursive("rnoatime,rnostrictatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME);
	expect_recursive("rnorelatime", 0, 0);
}

static void test_rest(void)
{
	static char *const mapped[] = {"ro", "idmap=uids=0-1-10", NULL};
	struct oci_mount_options parsed = parse("mode=755,nosuid,size=65536k,,newinstance");
	struct error err = {0};

	CHECK(same(parsed.data, "mode=755,size=65536k,newinstance") && parsed.flags == MS_NOSUID);
	oci_mount_options_free(&parsed);
	CHECK(!parsed.data);
	parsed = parse("RO,Bind,ro "); /* names are exact */
	CHECK(same(parsed.data, "RO,Bind,ro ") && !parsed.flags);
	oci_mount_options_free(&parsed);
	parsed = parse("tmpcopyup,idmap,copy-symlink");
	CHECK(parsed.extensions == (OCI_MOUNT_TMPCOPYUP | OCI_MOUNT_IDMAP | OCI_MOUNT_COPY_SYMLINK));
	parsed = parse("tmpcopyup,notmpcopyup,ridmap,src-nofollow,dest-nofollow");
	CHECK(parsed.extensions == (OCI_MOUNT_RIDMAP | OCI_MOUNT_SRC_NOFOLLOW | OCI_MOUNT_DEST_NOFOLLOW));
	oci_mount_options_free(&parsed);
	CHECK(oci_mount_options_parse(NULL, &parsed, &err) == 0 && !parsed.flags);
	CHECK(oci_mount_options_parse(mapped, &parsed, &err) < 0);
	CHECK(same(error_message(&err),
		"option \"idmap=uids=0-1-10\": give the mapping as the mount's uidMappings and gidMappings"));
	error_clear(&err);
}

/* config.md's table; none of them may reach a file system as data. The table is searched by halves. */
static void test_names(void)
{
	static const char spec[] =
		"async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime "
		"nodev "
		"nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow "
		"private "
		"ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodiratime rnoexec rnorelatime "
		"rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave "
		"rstrictatime rsuid "
		"rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup "
		"unbindable "
		"idmap ridmap rnodev";
	char *copy = strdup(spec);
	const char *name;

	for (char *rest = copy, *option; (option = strsep(&rest, " "));) {
		struct oci_mount_options parsed = parse(option);

		if (!CHECK(!parsed.data))
			printf("# %s\n", option);
		oci_mount_options_free(&parsed);
	}
	free(copy);
	for (size_t i = 0; (name = oci_mount_option_name(i)); i++) {
		struct oci_mount_options parsed = parse(name);

		CHECK(!parsed.data);
		CHECK(i == 0 || strcmp(oci_mount_option_name(i - 1), name) < 0);
		oci_mount_options_free(&parsed);
	}
}

int main(void)
{
	RUN(test_flags);
	RUN(test_propagation);
	RUN(test_recursive);
	RUN(test_rest);
	RUN(test_names);
	return unit_end();
}
